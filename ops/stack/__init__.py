"""The local stack: Kafka, schema registry and PostgreSQL as plain processes under one folder."""
