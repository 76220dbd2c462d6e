"""The nouns of citywatch as frozen types; the glossary (docs/glossary.md) says what each word means."""
