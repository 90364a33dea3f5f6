"""Words of the pages for people who log in: the way in, one's own account, the work."""

from __future__ import annotations

from typing import Final

from hub.domain.rights import Role
from hub.domain.states import SubmissionState
from protocol.texts import Text

ROLES: Final[dict[Role, Text]] = {
    Role.MINISTRY: Text("Fachseite im Ministerium", "Statistics desk of the ministry"),
    Role.OFFICER: Text("Officer für Knoten und Schlüssel", "Officer for nodes and keys"),
    Role.AUDITOR: Text("Revision", "Auditor"),
    Role.MUNICIPALITY: Text("Kommune", "Municipality"),
    Role.RESEARCHER: Text("Forschung", "Researcher"),
    Role.ADMIN: Text("Verwaltung der Konten", "Account administration"),
}

# Head
SIGN_IN: Final = Text("Anmelden", "Log in")
SIGN_OUT: Final = Text("Abmelden", "Log out")
ACCOUNT: Final = Text("Mein Konto", "My account")
WORK: Final = Text("Arbeitsbereich", "Workspace")
WORK_PAGES: Final = Text("Seiten des Arbeitsbereichs", "Pages of the workspace")
READER: Final = Text("Angemeldet", "Logged in")
BENCH_TITLE: Final = Text("Prüfstand ohne Anmeldung.", "Test bench without logins.")
BENCH: Final = Text(
    "Es gibt keine Konten: Wer an diesem Rechner sitzt, darf alles sehen und auslösen. Von anderen Rechnern "
    "ist dieser Hub nicht erreichbar.",
    "There are no accounts: whoever sits at this machine may see and do everything. This hub cannot be "
    "reached from other machines.",
)

# The way in
LOGIN: Final = Text("Anmeldename", "Login")
PASSWORD: Final = Text("Kennwort", "Password")
SIGN_IN_INTRO: Final = Text(
    "Statistiken sind ohne Anmeldung zu lesen. Ein Konto brauchen Sie, um Lieferungen zu bearbeiten, "
    "Knoten zu verwalten oder zu prüfen, wer was getan hat.",
    "Statistics can be read without an account. You need one to work on deliveries, to look after nodes or "
    "to check who did what.",
)
SIGN_IN_PROVIDER: Final = Text(
    "Mit dem Konto des Ministeriums anmelden", "Log in with the ministry's account"
)
SIGN_IN_OR: Final = Text("Mit Kennwort anmelden", "Log in with a password")
SIGN_IN_HELP: Final = Text(
    "Kennwort vergessen? Die Verwaltung der Konten gibt Ihnen einen neuen Einmal-Link. Nach mehreren "
    "Fehlversuchen muss gewartet werden, höchstens eine Viertelstunde.",
    "Forgotten your password? Whoever looks after accounts gives you a new one-time link. After several "
    "failed attempts you have to wait, at most a quarter of an hour.",
)
CODE_TITLE: Final = Text("Zweiter Faktor", "Second factor")
CODE: Final = Text("Code", "Code")
CODE_HINT: Final = Text(
    "Sechs Ziffern aus Ihrer Authenticator-App, oder einer Ihrer Wiederherstellungscodes.",
    "Six digits from your authenticator app, or one of your recovery codes.",
)
CODE_SEND: Final = Text("Weiter", "Continue")
FACTOR_TITLE: Final = Text("Zweiten Faktor einrichten", "Set up a second factor")
FACTOR_NEEDED: Final = Text(
    "Konten Ihrer Rolle brauchen neben dem Kennwort einen zweiten Faktor: eine App auf dem Telefon oder ein "
    "Gerät, das alle 30 Sekunden einen neuen Code zeigt.",
    "Accounts of your role need a second factor beside the password: an app on a phone or a device that "
    "shows a new code every 30 seconds.",
)
FACTOR_SCAN: Final = Text("1. Mit der App aufnehmen", "1. Take it into the app")
FACTOR_QR: Final = Text("QR-Code mit dem Schlüssel für die App", "QR code with the key for the app")
FACTOR_TYPE: Final = Text("Oder den Schlüssel abtippen:", "Or type the key:")
FACTOR_KIND: Final = Text(
    "zeitbasiert (TOTP), 6 Ziffern, 30 Sekunden, SHA-1", "time-based (TOTP), 6 digits, 30 seconds, SHA-1"
)
FACTOR_CONFIRM: Final = Text("2. Den Code der App eingeben", "2. Enter the app's code")
FACTOR_TURN_ON: Final = Text("Einschalten", "Turn on")
CODES_TITLE: Final = Text("Wiederherstellungscodes", "Recovery codes")
CODES_INTRO: Final = Text(
    "Jeder gilt einmal, wenn das Gerät verloren ist. Drucken Sie sie aus oder legen Sie sie in ein "
    "Kennwortprogramm: Sie werden nur dieses eine Mal gezeigt.",
    "Each is good once, when the device is lost. Print them or put them into a password manager: they are "
    "shown this one time only.",
)
CODES_GO_ON: Final = Text("Gesichert, weiter", "Kept, continue")
WELCOME_TITLE: Final = Text("Willkommen, {}", "Welcome, {}")
WELCOME_INTRO: Final = Text(
    "Ihr Anmeldename ist {}. Wählen Sie jetzt Ihr Kennwort; der Link gilt danach nicht mehr.",
    "Your login is {}. Choose your password now; the link is not good any more afterwards.",
)
WELCOME_PROVIDER: Final = Text(
    "Oder ohne Kennwort: das Konto mit Ihrem Konto des Ministeriums verbinden",
    "Or without a password: bind the account to your account of the ministry",
)
NEW_PASSWORD: Final = Text("Neues Kennwort", "New password")
REPEAT_PASSWORD: Final = Text("Neues Kennwort wiederholen", "Repeat the new password")
PASSWORD_HINT: Final = Text(
    "Mindestens 12 Zeichen; ein Satz aus mehreren Wörtern ist gut.",
    "At least 12 characters; a phrase of several words is good.",
)
PASSWORDS_DIFFER: Final = Text("Die beiden Eingaben sind verschieden.", "The two entries are different.")
PASSWORD_CHOOSE: Final = Text("Kennwort wählen", "Choose password")
MOVED_TITLE: Final = Text("Angemeldet", "Logged in")
MOVED: Final = Text("Es geht gleich weiter.", "You will be taken on at once.")
MOVED_LINK: Final = Text("Weiter", "Continue")
REFUSED: Final = Text("Das hat nicht geklappt:", "That did not work:")
DONE: Final = Text("Erledigt:", "Done:")

# One's own account
ACCOUNT_ROLE: Final = Text("Rolle", "Role")
ACCOUNT_AREAS: Final = Text("Gebiete", "Areas")
ACCOUNT_LOGIN_BY: Final = Text("Anmeldung", "Login")
BY_PASSWORD: Final = Text("mit Kennwort", "with a password")
BY_PROVIDER: Final = Text("mit dem Konto des Ministeriums", "with the ministry's account")
FACTOR_ON: Final = Text("eingerichtet, {} Wiederherstellungscodes übrig", "set up, {} recovery codes left")
FACTOR_OFF: Final = Text("nicht eingerichtet", "not set up")
PRESENT_PASSWORD: Final = Text("Bisheriges Kennwort", "Present password")
CHANGE_PASSWORD: Final = Text("Kennwort ändern", "Change password")
CHANGE_PASSWORD_HINT: Final = Text("Alle anderen Sitzungen enden dabei.", "All other sessions end with it.")
SESSIONS: Final = Text("Sitzungen", "Sessions")
SESSIONS_TABLE: Final = Text("Offene Sitzungen", "Open sessions")
SESSIONS_HINT: Final = Text(
    "Eine Sitzung endet nach 30 Minuten ohne Benutzung, spätestens nach 10 Stunden.",
    "A session ends after 30 minutes without use, after 10 hours at the latest.",
)
SESSION_BEGAN: Final = Text("begonnen", "began")
SESSION_SEEN: Final = Text("zuletzt benutzt", "last used")
SESSION_THIS: Final = Text("diese Sitzung", "this session")
SESSIONS_ENDED: Final = Text("Alle anderen Sitzungen sind beendet.", "All other sessions have ended.")
PASSWORD_CHANGED: Final = Text("Das Kennwort ist geändert.", "The password is changed.")
SESSIONS_END: Final = Text("Alle anderen beenden", "End all others")
NEW_CODES: Final = Text("Neue Wiederherstellungscodes", "New recovery codes")
NEW_CODES_HINT: Final = Text(
    "Die bisherigen gelten dann nicht mehr.", "The present ones are not good any more then."
)

# The work
WORK_INTRO: Final = Text("Was ansteht", "What is to be done")
WORK_FINDINGS: Final = Text("Auffälligkeiten", "Findings")
WORK_PERIODS: Final = Text("Zeiträume", "Periods")
WORK_NODES: Final = Text("Knoten", "Nodes")
WORK_AUDIT: Final = Text("Protokoll", "Audit trail")
WORK_PEOPLE: Final = Text("Konten", "Accounts")
WORK_CONFIRM_COUNT: Final = Text("{} zu bestätigen", "{} to be confirmed")
WORK_OPEN_PERIODS: Final = Text("{} offene Datenflüsse mit Lieferungen", "{} open dataflows with deliveries")
WORK_ONE_OPEN_PERIOD: Final = Text("1 offener Datenfluss mit Lieferungen", "1 open dataflow with deliveries")
WORK_OWN_AREAS: Final = Text("Ihre Gebiete", "Your areas")
WORK_NOTHING: Final = Text(
    "Für dieses Konto gibt es hier nichts zu tun; die Statistiken stehen unter Überblick.",
    "There is nothing to do here for this account; the statistics are in the overview.",
)

FINDINGS_TITLE: Final = Text("Zahlen, die nicht passen", "Figures that do not fit")
FINDINGS_INTRO: Final = Text(
    "Diese Zahlen passen nicht zueinander oder springen. Fragen Sie im Gebiet nach. Stimmen sie, halten Sie "
    "den Grund fest; er steht danach im Protokoll. Stimmen sie nicht, liefert das Gebiet neu.",
    "These figures do not fit together or jump. Ask the area. If they are right, record why; the reason "
    "stands in the audit trail. If they are not, the area delivers again.",
)
FINDINGS_READ_ONLY: Final = Text(
    "Sie können hier lesen; bestätigen kann nur das Ministerium.",
    "You can read here; only the ministry can confirm.",
)
FINDINGS_NONE: Final = Text("Nichts ist zu bestätigen.", "There is nothing to confirm.")
FINDING_RULE: Final = Text("Regel {}", "Rule {}")
FINDING_CELLS: Final = Text("{} Zellen", "{} cells")
FINDING_ONE_CELL: Final = Text("1 Zelle", "1 cell")
FINDING_UNPUBLISHED: Final = Text("nicht veröffentlicht", "not published")
FINDING_MORE_CELLS: Final = Text("{} weitere Zellen", "{} more cells")
FINDING_UNNAMED: Final = Text("{} weitere Zellen sind nicht aufgeführt.", "{} more cells are not listed.")
FINDING_UNNAMED_ONE: Final = Text("1 weitere Zelle ist nicht aufgeführt.", "1 more cell is not listed.")
FINDING_REASON: Final = Text("Warum die Zahlen stimmen", "Why the figures are right")
FINDING_CONFIRM: Final = Text("Bestätigen", "Confirm")
FINDING_CONFIRMED: Final = Text("{} ist bestätigt.", "{} is confirmed.")

HELD_TITLE: Final = Text("Zurückgestellte Lieferungen", "Deliveries held back")
HELD_INTRO: Final = Text(
    "Aus diesen Lieferungen und den anderen ihres Gebiets zusammen lassen sich nach der Prüfung des Hubs "
    "gesperrte Zellen errechnen. Sie zählen nicht und werden nicht veröffentlicht. Fragen Sie im Gebiet, ob "
    "dort die neueste Fassung von kim-node läuft und ob die Zahlen der Zeiträume zueinander passen. Ist "
    "etwas nicht in Ordnung, liefert das Gebiet neu. Ist alles in Ordnung, bestätigen das zwei Personen mit "
    "je einer Begründung, denn Veröffentlichtes lässt sich nicht zurückholen.",
    "By the hub's audit, withheld cells can be computed from these deliveries and the others of their area "
    "together. They do not count and are not published. Ask the area whether it runs the newest kim-node and "
    "whether the figures of its periods fit together. If something is wrong, the area delivers again. If all "
    "is well, two people confirm that, each with a reason, because what is published cannot be taken back.",
)
HELD_NO_CELLS: Final = Text(
    "Welche Zellen es sind, steht hier nicht: Das würde etwas über ihre Werte sagen.",
    "Which cells they are is not said here: that would tell something about their values.",
)
HELD_CONCERNS: Final = Text("Es geht um {}: {}.", "It is about {}: {}.")
HELD_CELLS: Final = Text("{} gesperrte Zellen", "{} withheld cells")
HELD_ONE_CELL: Final = Text("1 gesperrte Zelle", "1 withheld cell")
HELD_REASON: Final = Text("Was die Rückfrage ergeben hat", "What the area has answered")
HELD_NOBODY: Final = Text("Noch hat niemand bestätigt.", "Nobody has confirmed yet.")
HELD_FIRST: Final = Text(
    "1 von 2: {} hat bestätigt: „{}“. Es fehlt eine zweite Person.",
    "1 of 2: {} has confirmed: “{}”. A second person is missing.",
)
HELD_FIRST_IS_YOU: Final = Text(
    "1 von 2: Sie haben bestätigt: „{}“. Es fehlt eine zweite Person des Ministeriums mit eigenem Konto.",
    "1 of 2: You have confirmed: “{}”. A second person of the ministry is missing, with their own account.",
)
HELD_CONFIRM: Final = Text("Bestätigen und freigeben", "Confirm and let it go")
HELD_CONFIRM_FIRST: Final = Text("Als erste Person bestätigen", "Confirm as the first person")
HELD_CONFIRM_SECOND: Final = Text(
    "Als zweite Person bestätigen und freigeben", "Confirm as the second person and let it go"
)
HELD_WAITS: Final = Text(
    "{}: vermerkt. Die Lieferung zählt noch nicht; eine zweite Person muss ebenfalls bestätigen.",
    "{}: noted. The delivery does not count yet; a second person has to confirm as well.",
)
HELD_CONFIRMED: Final = Text(
    "{} ist bestätigt. Die Lieferung zählt jetzt.", "{} is confirmed. The delivery counts now."
)

PERIODS_INTRO: Final = Text(
    "Nach dem Schließen nimmt der Hub für den Zeitraum nichts mehr an, stellt die Landestabellen zusammen "
    "und veröffentlicht sie. Das lässt sich nicht zurücknehmen.",
    "After closing, the hub takes nothing more for the period, compiles the statewide tables and publishes "
    "them. That cannot be undone.",
)
PERIODS_CAPTION: Final = Text("Datenflüsse nach Zeitraum", "Dataflows by period")
PERIODS_NONE: Final = Text("Noch ist nichts geliefert.", "Nothing was delivered yet.")
PERIOD: Final = Text("Zeitraum", "Period")
PERIOD_FLOW: Final = Text("Datenfluss", "Dataflow")
PERIOD_ACCEPTED: Final = Text("angenommen", "accepted")
PERIOD_MISSING: Final = Text("fehlen", "missing")
PERIOD_WAITING: Final = Text("in Prüfung", "being checked")
PERIOD_STATE: Final = Text("Stand", "State")
PERIOD_IS_OPEN: Final = Text("offen", "open")
PERIOD_IS_CLOSED: Final = Text("geschlossen", "closed")
PERIOD_HELD: Final = Text("{}, {} zurückgestellt", "{}, {} held back")
PERIOD_CLOSE: Final = Text("Schließen …", "Close …")
CLOSE_TITLE: Final = Text("{}, {}: schließen", "{}, {}: close")
CLOSE_MISSING: Final = Text("Es fehlen noch: {}.", "Still missing: {}.")
CLOSE_COMPLETE: Final = Text(
    "Alle eingetragenen Gebiete haben geliefert.", "All registered areas have delivered."
)
CLOSE_HELD: Final = Text(
    "Zurückgestellt: {}. Das steht in keiner Veröffentlichung, solange es nicht zwei Personen bestätigen.",
    "Held back: {}. That is in no release unless two people confirm it.",
)
CLOSE_SURE: Final = Text(
    "Ich will diesen Datenfluss schließen, auch wenn Lieferungen fehlen.",
    "I want to close this dataflow, although deliveries may be missing.",
)
CLOSE_DO: Final = Text("Endgültig schließen", "Close for good")
CLOSE_NOT_SURE: Final = Text("Bitte das Kästchen ankreuzen.", "Please tick the box.")
CLOSE_CANCEL: Final = Text("Abbrechen", "Cancel")
CLOSE_DONE: Final = Text("{}, {}: geschlossen.", "{}, {}: closed.")

OWN_TITLE: Final = Text("Lieferungen: {}", "Deliveries: {}")
OWN_CAPTION: Final = Text(
    "Neueste Lieferung je Datenfluss und Zeitraum", "Newest delivery by dataflow and period"
)
OWN_NONE: Final = Text(
    "Für dieses Gebiet ist noch nichts geliefert.", "Nothing was delivered for this area yet."
)
OWN_HELD: Final = Text("{}, zurückgestellt", "{}, held back")
OWN_MORE: Final = Text("und {} weitere", "and {} more")
OWN_REVISION: Final = Text("Fassung", "Revision")
OWN_SINCE: Final = Text("seit", "since")
OWN_REMARK: Final = Text("Hinweis", "Remark")
OWN_ID: Final = Text("Kennung", "Id")
SUBMISSION_STATES: Final[dict[SubmissionState, Text]] = {
    SubmissionState.ANNOUNCED: Text("angekündigt", "announced"),
    SubmissionState.UPLOADING: Text("in Übertragung", "being sent"),
    SubmissionState.RECEIVED: Text("eingegangen", "received"),
    SubmissionState.VERIFYING: Text("in Prüfung", "being checked"),
    SubmissionState.ACCEPTED: Text("angenommen", "accepted"),
    SubmissionState.REJECTED: Text("abgelehnt", "rejected"),
    SubmissionState.SUPERSEDED: Text("ersetzt", "superseded"),
    SubmissionState.QUARANTINED: Text(
        "zurückgezogen: der Schlüssel war nicht mehr sicher", "withdrawn: its key was not safe any more"
    ),
}

NODES_CAPTION: Final = Text(
    "Knoten und die Gebiete, für die sie liefern", "Nodes and the areas they deliver for"
)
NODE: Final = Text("Knoten", "Node")
NODE_NAME: Final = Text("Name", "Name")
NODE_SINCE: Final = Text("eingetragen", "registered")
NODE_ACTIVE: Final = Text("liefert", "delivers")
NODE_SUSPENDED: Final = Text("gesperrt", "suspended")
NODES_INTRO: Final = Text(
    "Sperren darf eine Person allein, und es wirkt sofort: Der Knoten liefert nicht mehr, Angenommenes "
    "bleibt. Schlüssel werden nicht hier geändert, sondern von zwei Officern mit kim-hub enrol und kim-hub "
    "trust.",
    "One person is enough to suspend, at once: the node delivers no more, what was accepted stays. Keys "
    "are not changed here but by two officers, with kim-hub enrol and kim-hub trust.",
)
NODE_ACT: Final = Text("Sperren oder freigeben", "Suspend or resume")
NODE_REASON: Final = Text("Grund", "Reason")
NODE_SUSPEND: Final = Text("Sperren", "Suspend")
NODE_RESUME: Final = Text("Freigeben", "Resume")
NODE_REASON_NEEDED: Final = Text(
    "Der Grund ist eine Zeile von höchstens 500 Zeichen.", "The reason is one line of at most 500 characters."
)
NODE_WAS_SUSPENDED: Final = Text("{} ist gesperrt.", "{} is suspended.")
NODE_WAS_RESUMED: Final = Text("{} darf wieder liefern.", "{} may deliver again.")

AUDIT_TRAIL_INTRO: Final = Text(
    "Jede Handlung steht hier, die neueste zuerst; Zeilen werden nie geändert oder gelöscht. Namen und "
    "Codes, keine Zahlen der Statistik.",
    "Every act stands here, the newest first; lines are never changed or deleted. Names and codes, no "
    "figures of the statistics.",
)
AUDIT_CAPTION: Final = Text("Protokoll", "Audit trail")
AUDIT_AT: Final = Text("Zeit", "Time")
AUDIT_ACTOR: Final = Text("Wer", "Who")
AUDIT_ACTION: Final = Text("Was", "What")
AUDIT_SUBJECT: Final = Text("Woran", "Of what")
AUDIT_DETAIL: Final = Text("Näheres", "Details")
AUDIT_SINCE: Final = Text("Ab Tag", "From day")
AUDIT_UNTIL: Final = Text("Bis Tag", "To day")
AUDIT_ANY: Final = Text("alles", "everything")
AUDIT_NONE: Final = Text("Kein Eintrag passt.", "No entry fits.")
AUDIT_OLDER: Final = Text("Ältere Einträge", "Older entries")
AUDIT_EXPORT: Final = Text("Alle passenden Einträge als CSV", "All fitting entries as CSV")

PEOPLE_INTRO: Final = Text(
    "Konten werden gesperrt, nie gelöscht. Wer zwei Aufgaben hat, hat zwei Konten.",
    "Accounts are disabled, never deleted. Who has two tasks has two accounts.",
)
PEOPLE_CAPTION: Final = Text("Alle Konten", "All accounts")
PERSON_NAME: Final = Text("Name der Person", "Name of the person")
PERSON_STATE: Final = Text("Stand", "State")
PERSON_ACTIVE: Final = Text("aktiv", "active")
PERSON_INVITED: Final = Text("eingeladen", "invited")
PERSON_DISABLED: Final = Text("gesperrt", "disabled")
PERSON_FACTOR: Final = Text("Zweiter Faktor", "Second factor")
PERSON_LAST: Final = Text("zuletzt angemeldet", "last login")
PERSON_YES: Final = Text("ja", "yes")
PERSON_NO: Final = Text("nein", "no")
PERSON_ADD: Final = Text("Konto anlegen", "Make an account")
PERSON_AREAS_HINT: Final = Text(
    "Nur für die Rolle Kommune: Kennungen der Gebiete, durch Leerzeichen getrennt, z. B. NW05111.",
    "Only for the role municipality: ids of areas, separated by blanks, e.g. NW05111.",
)
PERSON_DISABLE: Final = Text("Sperren", "Disable")
PERSON_RESET: Final = Text("Einmal-Link", "One-time link")
PERSON_RESET_HINT: Final = Text("ohne 2. Faktor", "drop 2nd factor")
PERSON_ACTIONS: Final = Text("Handlungen", "Actions")
PERSON_WAS_DISABLED: Final = Text("{} ist gesperrt.", "{} is disabled.")
INVITATION_TITLE: Final = Text("Einmal-Link für {}", "One-time link for {}")
INVITATION_INTRO: Final = Text(
    "Geben Sie ihn der Person auf sicherem Weg. Er gilt 72 Stunden, einmal, und wird nicht noch einmal "
    "gezeigt.",
    "Give it to the person by a safe way. It is good for 72 hours, once, and is not shown again.",
)
INVITATION_BACK: Final = Text("Zurück zu den Konten", "Back to the accounts")
