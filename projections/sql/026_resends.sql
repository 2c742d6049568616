-- What the query API needs to take an agency's wish for a part of its feed, and the feeds' relay to carry it out.
GRANT SELECT, INSERT, UPDATE, DELETE ON kept.feed_index TO hub_pipeline;
GRANT SELECT, UPDATE ON kept.resends TO hub_pipeline;
GRANT SELECT ON kept.feed_access TO hub_pipeline;
GRANT SELECT (agency, last) ON kept.feed_index TO hub_api;
GRANT SELECT, INSERT ON kept.resends TO hub_api;
