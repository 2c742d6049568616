-- In which household one id was last said to be up to a moment, and who else was said to be in it. No row: nothing
-- was said of it yet, or that it is in none. docs/past.md has examples.
CREATE FUNCTION live.household_said(of_person uuid, known_at timestamptz)
RETURNS TABLE (household uuid, anchor uuid, members uuid[], assessed_on date, known_from timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT mine.household, mine.anchor,
           ARRAY(SELECT DISTINCT other.person FROM live.memberships other
                  WHERE other.household = mine.household AND other.known_from <= known_at
                    AND NOT EXISTS (SELECT FROM live.memberships later
                         WHERE later.person = other.person AND later.id > other.id
                           AND later.known_from <= known_at)
                  ORDER BY other.person),
           mine.assessed_on, mine.known_from
      FROM (SELECT m.household, m.anchor, m.assessed_on, m.known_from FROM live.memberships m
             WHERE m.person = of_person AND m.known_from <= known_at ORDER BY m.id DESC LIMIT 1) mine
     WHERE mine.household IS NOT NULL;
END;
CREATE INDEX memberships_household ON live.memberships (household);
