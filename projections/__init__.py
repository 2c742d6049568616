"""From meaning to tables and answers: SQL, chunk store, queue, needs, query API."""
