"""One room's settings in a process of its own: what its server says when it cannot start."""

import os
import subprocess
import sys
from pathlib import Path

from tests.run import ROOT
from tests.three_rooms import KEYS

TIMEOUT_SECONDS = 60
SERVERS = {
    "accounts": ["-m", "gunicorn", "-c", "python:kubevision.gunicorn", "kubevision.wsgi"],
    "dashboard": ["-m", "gunicorn", "-c", "python:kubevision.gunicorn", "kubevision.wsgi"],
    "facelogin": ["-m", "kubevision.serve"],
    "local": ["-m", "kubevision.serve"],
}


def good_settings(room: str, folder: Path) -> dict[str, str]:
    """Return variables that a room starts with, its keys being in `folder`/keys."""
    settings = {
        "DJANGO_SETTINGS_MODULE": f"kubevision.settings.{room}",
        "PUBLIC_ORIGINS": "https://portal.example.org",
        "ACCOUNTS_URL": "http://accounts:8000",
        "FACELOGIN_URL": "http://facelogin:8000",
        "TRUSTED_PROXIES": "10.42.0.0/16",
    }
    if room == "local":
        return {"DJANGO_SETTINGS_MODULE": "kubevision.settings.local", "DATA_DIR": str(folder)}
    settings |= {variable: str(folder / "keys" / file) for variable, file in KEYS[room].items()}
    if room != "dashboard":
        settings["DATABASE_URL"] = f"sqlite:///{folder}/{room}.sqlite3"
    if room == "accounts":
        settings |= {"ACCOUNTS_REGISTRATION": "closed", "ACCOUNTS_ADMIN_REQUIRE_MFA": "on"}
    return settings


def run(*command: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Python with these variables and no others."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={"PATH": os.defpath} | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
