"""Settings come from one file and the environment; what is misspelt is refused."""

from pathlib import Path

import pytest

from hub.settings import HubSettings
from protocol.errors import KimError


def _write(home: Path, text: str) -> Path:
    (home / "hub.toml").write_text(text, encoding="utf-8")
    return home


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = HubSettings.load(tmp_path, {})
    assert (settings.host, settings.port, settings.audience) == ("127.0.0.1", 8000, "kim-nrw/local")
    assert settings.sqlalchemy_url == f"sqlite:///{tmp_path}/hub.sqlite3"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    home = _write(tmp_path, '[hub]\nport = 9000\naudience = "kim-nrw/test"\n')
    settings = HubSettings.load(home, {"KIM_HUB_PORT": "9001", "KIM_HUB_SWEEP_SECONDS": "2", "PATH": "x"})
    assert (settings.port, settings.audience, settings.sweep_seconds) == (9001, "kim-nrw/test", 2.0)


@pytest.mark.parametrize(
    "text",
    [
        "[hub]\nprot = 9000\n",
        '[hub]\nport = "9000"\n',
        "[hub]\nport = true\n",
        "[hub]\nport = 70000\n",
        "[other]\nport = 1\n",
        "[hub\n",
        '[hub]\nhome = "/"\n',
        '[hub]\ndate = "5.10.2026"\n',
        '[hub]\ndate_since = "gestern"\n',
        "[hub]\nmax_open_uploads = 0\n",
        "[hub]\nsandbox_cpu_seconds = 0\n",
        "[hub]\nstale_seconds = nan\n",
        '[hub]\nfirst_period = "2020"\nsweep_seconds = inf\n',
        '[hub]\nfirst_period = "soon"\n',
        '[hub]\naudience = ""\n',
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(KimError) as caught:
        HubSettings.load(_write(tmp_path, text), {})
    assert caught.value.code == "config_invalid"


@pytest.mark.parametrize("variable", ["KIM_HUB_PORT", "KIM_HUB_PROT"])
def test_a_wrong_number_or_name_in_the_environment_is_refused(tmp_path: Path, variable: str) -> None:
    with pytest.raises(KimError) as caught:
        HubSettings.load(tmp_path, {variable: "many", "KIM_HUB_HOME": "elsewhere"})
    assert caught.value.code == "config_invalid"


def test_urls_with_credentials_are_not_shown(tmp_path: Path) -> None:
    settings = HubSettings(
        home=tmp_path, broker_url="amqp://kim:hush@mq/", database_url="postgresql://kim:hush@db/"
    )
    assert "hush" not in repr(settings)
