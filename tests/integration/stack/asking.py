"""Ask Kafka's authorizer by single requests, which nothing can come of.

Kafka says whether a principal may before it looks at anything else, also of topics that do not
exist; what is produced here is no record, so nothing is written where one may write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.protocol.admin import CreateTopicsRequest
from kafka.protocol.consumer import FetchRequest, JoinGroupRequest
from kafka.protocol.metadata import MetadataRequest
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest

DENIED = {29, 30, 53}  # of a topic, a group, a transactional id
_NAMES_ONLY = 12  # later versions of fetch and produce name topics by id


class Asker:
    """One principal."""

    def __init__(self, client_config: Mapping[str, Any]) -> None:
        self._client = KafkaAdminClient(**client_config)

    def close(self) -> None:
        self._client.close()

    def may(self, operation: str, names: Iterable[str]) -> dict[str, bool]:
        """Return for each topic whether the operation is allowed."""
        codes = getattr(self, f"_{operation.lower()}")(list(names))
        return {name: code not in DENIED for name, code in codes.items()}

    def may_join(self, group: str) -> bool:
        """Join with a protocol that does not exist: refused in another way when one may."""
        answer = self._send(
            JoinGroupRequest(
                group_id=group,
                session_timeout_ms=6000,
                rebalance_timeout_ms=6000,
                member_id="",
                group_instance_id=None,
                protocol_type="test",
                protocols=[],
                max_version=5,
            )
        )
        return answer.error_code not in DENIED

    def may_begin(self, transactional_id: str) -> bool:
        answer = self._send(
            InitProducerIdRequest(
                transactional_id=transactional_id,
                transaction_timeout_ms=1000,
                producer_id=-1,
                producer_epoch=-1,
                max_version=4,
            )
        )
        return answer.error_code not in DENIED

    def _describe(self, names: list[str]) -> dict[str, int]:
        topics = [MetadataRequest.MetadataRequestTopic(name=name) for name in names]
        request = MetadataRequest(topics=topics, allow_auto_topic_creation=False, max_version=9)
        return {topic.name: topic.error_code for topic in self._send(request).topics}

    def _read(self, names: list[str]) -> dict[str, int]:
        topic = FetchRequest.FetchTopic
        topics = [
            topic(
                topic=name,
                partitions=[
                    topic.FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=1)
                ],
            )
            for name in names
        ]
        request = FetchRequest(
            replica_id=-1,
            max_wait_ms=0,
            min_bytes=0,
            max_bytes=1,
            isolation_level=1,
            session_id=0,
            session_epoch=-1,
            topics=topics,
            forgotten_topics_data=[],
            rack_id="",
            max_version=_NAMES_ONLY,
        )
        return {each.topic: each.partitions[0].error_code for each in self._send(request).responses}

    def _write(self, names: list[str]) -> dict[str, int]:
        topic = ProduceRequest.TopicProduceData
        data = [
            topic(
                name=name,
                partition_data=[topic.PartitionProduceData(index=0, records=b"no record")],
            )
            for name in names
        ]
        request = ProduceRequest(
            transactional_id=None,
            acks=-1,
            timeout_ms=5000,
            topic_data=data,
            max_version=_NAMES_ONLY,
        )
        return {
            each.name: each.partition_responses[0].error_code
            for each in self._send(request).responses
        }

    def _create(self, names: list[str]) -> dict[str, int]:
        topics = [
            CreateTopicsRequest.CreatableTopic(
                name=name, num_partitions=1, replication_factor=1, assignments=[], configs=[]
            )
            for name in names
        ]
        request = CreateTopicsRequest(topics=topics, timeout_ms=5000, validate_only=True)
        return {topic.name: topic.error_code for topic in self._send(request).topics}

    def _send(self, request: Any) -> Any:
        manager = self._client._manager
        return manager.run(manager.send, request)
