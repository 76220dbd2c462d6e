-- What is designed about assets of a kind, and what they may be part of.
ALTER TABLE asset_kind
    ADD COLUMN parameters jsonb NOT NULL DEFAULT '[]',   -- list of DesignParameter
    ADD COLUMN part_of    text[] NOT NULL DEFAULT '{}';  -- kinds of parents
