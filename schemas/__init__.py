"""The contract: Avro schemas, event catalogue, topics, codec. Imports nothing of ours."""
