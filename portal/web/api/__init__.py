"""The API: what pages do, for programs; `portal.client` calls it."""
