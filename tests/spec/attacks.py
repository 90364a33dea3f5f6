"""The attacks by name: data only. `test_attacks_by_name` runs them, `disclosure_document` prints them.

What must not be known is the same everywhere unless the story says otherwise: a count of 1 to 4 persons.
"""

from __future__ import annotations

from aggregation.sdc.linear_system import RelationKind
from protocol.texts import Text
from tests.spec.examples import Attack, Sheet, Tie, Who

REGIONS = "Nord|north Süd|south West|west Ost|east zusammen|all"
AGES = "jung|young mittel|middle alt|old zusammen|all"
SEXES = "Frauen|women Männer|men zusammen|all"

ATTACKS: tuple[Attack, ...] = (
    Attack(
        name="Eine fehlt|One is missing",
        story=Text(
            "Nur die kleine Zelle ist gesperrt. Wer die Summe und alle anderen Teile sieht, zieht ab.",
            "Only the small cell is withheld. Whoever sees the total and all other parts subtracts.",
        ),
        sheets=[Sheet("Fälle|cases", REGIONS, [[3, 6, 7, 9, 25]])],
        sensitive=["1 Nord"],
        careless=["1 Nord"],
        learned=["1 Nord"],
        safe=["1 Nord", "1 Süd"],
        why_safe=Text(
            "Nord und Süd sind zusammen 9: Nord kann alles von 1 bis 8 sein.",
            "North and south are 9 together: north may be anything from 1 to 8.",
        ),
    ),
    Attack(
        name="Nullen sind bekannt|Zeros are known",
        story=Text(
            "Nullen werden veröffentlicht. Was gesperrt ist, ist also mindestens 1. Drei gesperrte Zellen"
            " mit der Summe 3 sind 1, 1 und 1.",
            "Zeros are published, so whatever is withheld is at least 1. Three withheld cells with the "
            "sum 3 are 1, 1 and 1.",
        ),
        sheets=[Sheet("Fälle|cases", REGIONS, [[1, 1, 1, 9, 12]])],
        sensitive=["1 Nord", "1 Süd", "1 West"],
        careless=["1 Nord", "1 Süd", "1 West"],
        learned=["1 Nord", "1 Süd", "1 West"],
        safe=["1 Nord", "1 Süd", "1 West", "1 Ost"],
        why_safe=Text(
            "Jede der vier kann größer sein, wenn Ost kleiner ist.",
            "Each of the four may be larger if east is smaller.",
        ),
    ),
    Attack(
        name="Zwei Einsen in einer Zeile|Two ones in a row",
        story=Text(
            "Ein Rechteck aus vier Zellen ist gesperrt; das gilt als Faustregel für genug. Aber in der "
            "ersten Zeile stehen zwei Einsen mit der Summe 2: Beide können nicht kleiner sein, also auch "
            "nicht größer.",
            "A rectangle of four cells is withheld, which a rule of thumb takes for enough. But the first"
            " line holds two ones with the sum 2: neither can be smaller, so neither can be larger.",
        ),
        sheets=[
            Sheet(
                "Fälle|cases",
                AGES,
                [[1, 1, 8, 10], [6, 7, 9, 22], [7, 8, 17, 32]],
                rows=SEXES,
                row_total=True,
            )
        ],
        sensitive=["1 Frauen jung", "1 Frauen mittel"],
        careless=["1 Frauen jung", "1 Frauen mittel", "1 Männer jung", "1 Männer mittel"],
        learned=["1 Frauen jung", "1 Frauen mittel"],
        safe=[f"1 {sex} {age}" for sex in ("Frauen", "Männer") for age in ("jung", "mittel", "alt")],
        why_safe=Text(
            "Die dritte Spalte gibt beiden Einsen Luft nach oben.",
            "The third column leaves both ones room upwards.",
        ),
    ),
    Attack(
        name="Der Einzelne im Innern|The single insider",
        story=Text(
            "Von außen sind Nord und Süd nicht zu trennen: 1 + 2 oder 2 + 1. Aber wer allein in Nord ist,"
            " kennt die eigene 1 und damit Süd. Stufe S2 rechnet mit ihm.",
            "From outside, north and south cannot be told apart: 1 + 2 or 2 + 1. But the person who is "
            "alone in north knows that 1, and with it the south. Level S2 reckons with this person.",
        ),
        sheets=[Sheet("Fälle|cases", REGIONS, [[1, 2, 8, 9, 20]])],
        sensitive=["1 Nord", "1 Süd"],
        careless=["1 Nord", "1 Süd"],
        learned=["1 Süd"],
        safe=["1 Nord", "1 Süd", "1 West"],
        why_safe=Text(
            "Mit West bleiben dem Einzelnen zwei Unbekannte mit der Summe 10.",
            "With west, this person is left with two unknowns that add up to 10.",
        ),
        who=(Who(), Who("wer allein im Norden ist|the person alone in the north", own=["1 Nord"])),
    ),
    Attack(
        name="Gemeinsamer Rand|The linked margin",
        story=Text(
            "Nach Regionen ist die Summe mitgesperrt. Aber dieselbe Summe steht in der Tabelle nach "
            "Geschlecht.",
            "By region the total is withheld too. But the same total stands in the table by sex.",
        ),
        sheets=[
            Sheet("nach Region|by region", "Nord|north Süd|south zusammen|all", [[3, 9, 12]]),
            Sheet("nach Geschlecht|by sex", SEXES, [[5, 7, 12]]),
        ],
        ties=[Tie(RelationKind.EQUAL, {"1 zusammen": 1, "2 zusammen": -1})],
        sensitive=["1 Nord"],
        careless=["1 Nord", "1 zusammen"],
        learned=["1 Nord"],
        safe=["1 Nord", "1 Süd"],
        why_safe=Text(
            "Die Summe darf stehen; Nord und Süd decken einander.",
            "The total may stand; north and south cover each other.",
        ),
    ),
    Attack(
        name="Bestand und Bewegung|The flow identity",
        story=Text(
            "In der Tabelle der neuen Fälle decken Nord und Süd einander. Aber Bestand = Bestand zuvor + "
            "neue − abgeschlossene: 27 = 30 + neue − 6.",
            "In the table of new cases, north and south cover each other. But stock = stock before + new "
            "− closed: 27 = 30 + new − 6.",
        ),
        sheets=[
            Sheet("Bestand zuvor|stock before", "Nord|north Süd|south zusammen|all", [[30, 40, 70]]),
            Sheet("neue|new", "Nord|north Süd|south zusammen|all", [[3, 9, 12]]),
            Sheet("abgeschlossene|closed", "Nord|north Süd|south zusammen|all", [[6, 7, 13]]),
            Sheet("Bestand|stock", "Nord|north Süd|south zusammen|all", [[27, 42, 69]]),
        ],
        ties=[
            Tie(RelationKind.FLOW, {f"4 {code}": 1, f"1 {code}": -1, f"2 {code}": -1, f"3 {code}": 1})
            for code in ("Nord", "Süd", "zusammen")
        ],
        sensitive=["2 Nord"],
        careless=["2 Nord", "2 Süd"],
        learned=["2 Nord"],
        safe=["2 Nord", "2 Süd", "3 Nord", "3 Süd"],
        why_safe=Text(
            "Neue und abgeschlossene können im Norden um dasselbe größer, im Süden um dasselbe kleiner sein.",
            "New and closed cases may be more by the same number in the north, and fewer in the south.",
        ),
    ),
    Attack(
        name="Jahr weniger drei Quartale|Year less three quarters",
        story=Text(
            "Das erste Quartal hält Nord zurück. Später erscheint das Jahr, und drei Quartale stehen "
            "schon offen.",
            "The first quarter withholds the north. Later the year appears, and three quarters stand open"
            " already.",
        ),
        sheets=[
            Sheet(
                "neue Fälle|new cases",
                "Nord|north Süd|south zusammen|all",
                [[3, 9, 12], [5, 8, 13], [6, 9, 15], [7, 7, 14], [21, 33, 54]],
                rows="1._Quartal|1st_quarter 2._Quartal|2nd_quarter 3._Quartal|3rd_quarter "
                "4._Quartal|4th_quarter Jahr|year",
                row_total=True,
            )
        ],
        sensitive=["1 1. Quartal Nord"],
        careless=["1 1. Quartal Nord", "1 1. Quartal Süd"],
        learned=["1 1. Quartal Nord"],
        safe=["1 1. Quartal Nord", "1 1. Quartal Süd", "1 Jahr Nord", "1 Jahr Süd"],
        why_safe=Text(
            "Das Jahr wird gemeinsam mit den Quartalen geschützt, die schon draußen sind.",
            "The year is protected together with the quarters that are out already.",
        ),
    ),
    Attack(
        name="Wechselndes Muster|The changed pattern",
        story=Text(
            "Dieselbe Tabelle zweimal, jede für sich sicher: einmal sind Nord und Süd gesperrt, einmal "
            "Nord und West.",
            "The same table twice, each safe by itself: once north and south are withheld, once north and"
            " west.",
        ),
        sheets=[
            Sheet("erste Lieferung|first delivery", REGIONS, [[3, 6, 7, 9, 25]]),
            Sheet("zweite Lieferung|second delivery", REGIONS, [[3, 6, 7, 9, 25]]),
        ],
        ties=[
            Tie(RelationKind.VINTAGE, {f"2 {code}": 1, f"1 {code}": -1})
            for code in ("Nord", "Süd", "West", "Ost", "zusammen")
        ],
        sensitive=["1 Nord", "2 Nord"],
        careless=["1 Nord", "1 Süd", "2 Nord", "2 West"],
        learned=["1 Nord", "2 Nord"],
        safe=["1 Nord", "1 Süd", "2 Nord", "2 Süd"],
        why_safe=Text("Ein Muster, das einmal draußen ist, bleibt.", "A pattern that is out once is kept."),
    ),
    Attack(
        name="Korrektur um eine Person|Correction by one person",
        story=Text(
            "Eine Person wird nachgetragen, im Norden. Dort sind es nun 5, und nichts ist mehr klein: Die"
            " zweite Fassung wird offen geliefert. Da sich sonst nichts geändert hat, steht fest, was "
            "vorher gesperrt war.",
            "One person is entered late, in the north. There are 5 now, and nothing is small any more: "
            "the second version is delivered openly. As nothing else has changed, what was withheld "
            "before is known.",
        ),
        sheets=[
            Sheet("erste Fassung|first version", REGIONS, [[4, 6, 7, 9, 26]]),
            Sheet("zweite Fassung|second version", REGIONS, [[5, 6, 7, 9, 27]]),
        ],
        ties=[
            Tie(RelationKind.VINTAGE, {f"2 {code}": 1, f"1 {code}": -1}) for code in ("Süd", "West", "Ost")
        ],
        sensitive=["1 Nord"],
        careless=["1 Nord", "1 Süd"],
        learned=["1 Nord"],
        safe=["1 Nord", "1 Süd", "2 Nord", "2 Süd", "2 zusammen"],
        why_safe=Text(
            "Das Muster bleibt, obwohl im Norden nichts mehr klein ist; und auch die Summe wird gesperrt, "
            "denn 27 statt 26 heißt: eine Person mehr. Kostet das zu viel, sammelt der Knoten Korrekturen.",
            "The pattern stays although nothing is small in the north any more; and the total is withheld "
            "too, for 27 instead of 26 says: one person more. If that costs too much, a node collects "
            "corrections.",
        ),
    ),
    Attack(
        name="Gegenteil eines heiklen Merkmals|Complement of a sensitive code",
        story=Text(
            "Wer einen unsicheren Aufenthalt hat, soll nicht erkennbar sein. 20 von 20 haben ihn. Die 20 "
            "ist keine kleine Zahl, und sie ist gesperrt; aber die veröffentlichten Nullen daneben sagen:"
            " alle.",
            "Nobody's insecure status of residence shall be known. 20 of 20 have it. 20 is no small "
            "number, and it is withheld; but the published zeros beside it say: everybody.",
        ),
        sheets=[
            Sheet(
                "Aufenthalt|residence",
                "befristet|temporary dauerhaft|permanent unsicher|insecure zusammen|all",
                [[0, 0, 20, 20]],
            )
        ],
        sensitive=["1 unsicher"],
        careless=["1 unsicher"],
        learned=["1 unsicher"],
        safe=["1 befristet", "1 dauerhaft", "1 unsicher"],
        why_safe=Text(
            "Neben einem geschützten Merkmal wird keine Null gezeigt; jede der drei Zellen kann also 0 "
            "sein oder mehr.",
            "Beside a protected code no zero is shown, so each of the three cells may be 0 or more.",
        ),
        floor=0,
    ),
    Attack(
        name="05334 und seine zwei Teile|05334 and its two parts",
        story=Text(
            "Die gemeinsame Ausländerbehörde liefert für die Städteregion (05334), die Stadt Aachen "
            "(05334002) auch für sich. Was der Rest der Städteregion bei sich gesperrt hat, ist der "
            "Unterschied.",
            "The joint authority delivers for the whole region (05334), the city of Aachen (05334002) for"
            " itself as well. What the rest of the region withholds at home is the difference.",
        ),
        sheets=[
            Sheet("Rest|rest", "abgelehnt|refused bewilligt|granted zusammen|all", [[3, 40, 43]]),
            Sheet("05334002", "abgelehnt|refused bewilligt|granted zusammen|all", [[9, 80, 89]]),
            Sheet("05334", "abgelehnt|refused bewilligt|granted zusammen|all", [[12, 120, 132]]),
        ],
        ties=[
            Tie(RelationKind.SUM, {f"3 {code}": -1, f"1 {code}": 1, f"2 {code}": 1})
            for code in ("abgelehnt", "bewilligt", "zusammen")
        ],
        sensitive=["1 abgelehnt"],
        careless=["1 abgelehnt", "1 bewilligt"],
        learned=["1 abgelehnt"],
        safe=["1 abgelehnt", "1 bewilligt", "2 abgelehnt", "2 bewilligt"],
        why_safe=Text(
            "Die drei schützen sich an verschiedenen Orten und wissen nichts voneinander. Darum zeigt das"
            " Land, wo die Behörde geliefert hat, von ihren Teilen nichts; in einer Hand genügte dieses "
            "Muster.",
            "The three protect themselves in different places and know nothing of each other. So where "
            "the authority has delivered, the state shows nothing of its parts; in one hand, this pattern"
            " would do.",
        ),
    ),
    Attack(
        name="Mehrere Antworten|Several answers",
        story=Text(
            "Wer mehrere Handlungsfelder nennen darf, steht in mehreren Zellen; die Zeile ergibt keine "
            "Summe, und das schützt. Aber wer nichts angegeben hat, hat auch Arbeit nicht angegeben: 13 +"
            " ohne Angabe ≤ 14.",
            "Whoever may name several fields stands in several cells; the line does not add up, and that "
            "protects. But whoever named nothing did not name work either: 13 + none ≤ 14.",
        ),
        sheets=[
            Sheet(
                "Handlungsfeld|field",
                "Arbeit|work Wohnen|housing ohne_Angabe|none Fälle|cases",
                [[13, 6, 1, 14]],
                column_total=False,
            )
        ],
        ties=[
            Tie(
                RelationKind.COVER,
                {"1 Fälle": -1, "1 Arbeit": 1, "1 Wohnen": 1, "1 ohne Angabe": 1},
                low=0,
                high=None,
            ),
            Tie(RelationKind.PART, {"1 Fälle": 1, "1 Arbeit": -1, "1 ohne Angabe": -1}, low=0, high=None),
            Tie(RelationKind.PART, {"1 Fälle": 1, "1 Wohnen": -1, "1 ohne Angabe": -1}, low=0, high=None),
        ],
        sensitive=["1 ohne Angabe"],
        careless=["1 ohne Angabe"],
        learned=["1 ohne Angabe"],
        safe=["1 Arbeit", "1 ohne Angabe"],
        why_safe=Text(
            "Mit Arbeit zusammen gesperrt kann „ohne Angabe“ 2 oder mehr sein.",
            "Withheld together with work, “none” may be 2 or more.",
        ),
    ),
    Attack(
        name="Der Grund verrät die Größe|The reason gives away the size",
        story=Text(
            "Zu jeder gesperrten Zelle wird angegeben, warum: weil sie klein ist (höchstens 4), oder nur,"
            " um andere zu decken. Zwei kleine Zellen mit der Summe 8 sind dann 4 und 4.",
            "For each withheld cell the reason is given: because it is small (at most 4), or only to "
            "cover others. Two small cells with the sum 8 are then 4 and 4.",
        ),
        sheets=[Sheet("Fälle|cases", REGIONS, [[4, 4, 7, 9, 24]])],
        ties=[Tie(RelationKind.PART, {f"1 {code}": 1}, low=None, high=4) for code in ("Nord", "Süd")],
        sensitive=["1 Nord", "1 Süd"],
        careless=["1 Nord", "1 Süd"],
        learned=["1 Nord", "1 Süd"],
        safe=["1 Nord", "1 Süd", "1 West"],
        why_safe=Text(
            "Wer die Gründe zeigt, muss mehr sperren. Darum steht außen nur ein Zeichen für alle "
            "gesperrten Zellen.",
            "Who shows reasons has to withhold more. So outside there is one sign only for all withheld "
            "cells.",
        ),
    ),
    Attack(
        name="Zu nah ist so schlimm wie genau|Too close is as bad as exact",
        story=Text(
            "Euro nach Träger: Was im Norden ausgegeben wurde, ist das Geld eines einzigen. Die gesperrte"
            " zweite Zelle ist so klein, dass der Betrag höchstens 1 % größer sein kann, wo 10 % verlangt "
            "sind.",
            "Euros by carrier: what was spent in the north is the money of one only. The second cell that"
            " is withheld is so small that the amount can be at most 1 % larger, where 10 % are asked for.",
        ),
        sheets=[Sheet("Euro|euros", "Nord|north Süd|south West|west zusammen|all", [[1000, 10, 990, 2000]])],
        sensitive=["1 Nord"],
        careless=["1 Nord", "1 Süd"],
        learned=["1 Nord"],
        safe=["1 Nord", "1 West"],
        why_safe=Text(
            "West gibt dem Norden mehr als 100 nach oben und nach unten.",
            "West leaves the north more than 100 upwards and downwards.",
        ),
        who=(Who(rise={"1 Nord": 100}, fall={"1 Nord": 100}),),
    ),
    Attack(
        name="Zwei, die je allein sind|Two who are alone",
        story=Text(
            "Von außen sind Nord (nur Träger X) und Süd (nur Träger Y) nicht zu trennen. X aber kennt den"
            " Norden, er ist sein eigenes Geld, und damit auch den Süden.",
            "From outside, north (carrier X only) and south (carrier Y only) cannot be told apart. But X "
            "knows the north, which is its own money, and with it the south.",
        ),
        sheets=[Sheet("Euro|euros", "Nord|north Süd|south West|west zusammen|all", [[1000, 800, 990, 2790]])],
        sensitive=["1 Nord", "1 Süd"],
        careless=["1 Nord", "1 Süd"],
        learned=["1 Nord", "1 Süd"],
        safe=["1 Nord", "1 Süd", "1 West"],
        why_safe=Text(
            "West, wo viele Träger stehen, hält X und Y auseinander.",
            "West, where many carriers stand, keeps X and Y apart.",
        ),
        who=(
            Who(rise={"1 Nord": 100, "1 Süd": 80}, fall={"1 Nord": 100, "1 Süd": 80}),
            Who("Träger X|carrier X", own=["1 Nord"], rise={"1 Süd": 80}, fall={"1 Süd": 80}),
            Who("Träger Y|carrier Y", own=["1 Süd"], rise={"1 Nord": 100}, fall={"1 Nord": 100}),
        ),
    ),
)

RING = Attack(
    name="Drei Tabellen im Ring|Three tables in a ring",
    story=Text(
        "Region nach Alter ist ganz gesperrt. Aber alle Jungen sind Frauen und alle Alten Männer "
        "(veröffentlichte Nullen): Region nach Geschlecht ist dann dieselbe Tabelle. Keine Summe sagt "
        "das, nur dass hinter allen drei Tabellen dieselben Menschen stehen.",
        "Region by age is withheld altogether. But all the young are women and all the old are men "
        "(published zeros): then region by sex is the same table. No sum says so, only that the same "
        "people stand behind all three tables.",
    ),
    sheets=[
        Sheet(
            "Region nach Alter|region by age",
            "jung|young alt|old zusammen|all",
            [[3, 3, 6], [3, 3, 6], [6, 6, 12]],
            rows="Nord|north Süd|south zusammen|all",
            row_total=True,
        ),
        Sheet(
            "Region nach Geschlecht|region by sex",
            "Frauen|women Männer|men zusammen|all",
            [[3, 3, 6], [3, 3, 6], [6, 6, 12]],
            rows="Nord|north Süd|south zusammen|all",
            row_total=True,
        ),
        Sheet(
            "Alter nach Geschlecht|age by sex",
            "Frauen|women Männer|men zusammen|all",
            [[6, 0, 6], [0, 6, 6], [6, 6, 12]],
            rows="jung|young alt|old zusammen|all",
            row_total=True,
        ),
        Sheet(
            "niemandem gezeigt|shown to nobody",
            "jung_Frauen|young_women jung_Männer|young_men alt_Frauen|old_women alt_Männer|old_men",
            [[3, 0, 0, 3], [3, 0, 0, 3]],
            rows="Nord|north Süd|south",
            column_total=False,
        ),
    ],
    ties=[
        *(
            Tie(
                RelationKind.SUM,
                {f"1 {region} {age}": -1, f"4 {region} {age} Frauen": 1, f"4 {region} {age} Männer": 1},
            )
            for region in ("Nord", "Süd")
            for age in ("jung", "alt")
        ),
        *(
            Tie(
                RelationKind.SUM,
                {f"2 {region} {sex}": -1, f"4 {region} jung {sex}": 1, f"4 {region} alt {sex}": 1},
            )
            for region in ("Nord", "Süd")
            for sex in ("Frauen", "Männer")
        ),
        *(
            Tie(RelationKind.SUM, {f"3 {age} {sex}": -1, f"4 Nord {age} {sex}": 1, f"4 Süd {age} {sex}": 1})
            for age in ("jung", "alt")
            for sex in ("Frauen", "Männer")
        ),
    ],
    sensitive=[f"1 {region} {age}" for region in ("Nord", "Süd") for age in ("jung", "alt")],
    careless=[f"1 {region} {age}" for region in ("Nord", "Süd") for age in ("jung", "alt")],
    learned=[f"1 {region} {age}" for region in ("Nord", "Süd") for age in ("jung", "alt")],
    safe=[
        *(f"1 {region} {age}" for region in ("Nord", "Süd") for age in ("jung", "alt")),
        *(f"2 {region} {sex}" for region in ("Nord", "Süd") for sex in ("Frauen", "Männer")),
    ],
    why_safe=Text(
        "Mit der zweiten Tabelle ist auch die erste offen.", "With the second table the first is open too."
    ),
    never_shown=3,
)
"""What is granted only if the crossing behind the tables is declared, withheld as a whole."""
