-- The dkim columns there were hold the RSA key, which every receiver verifies. The second signature
-- (RFC 8463) has a key and a selector of its own. Keys come and go together.
ALTER TABLE domains
  ADD COLUMN dkim_ed25519_selector text
    CHECK (dkim_ed25519_selector ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  ADD COLUMN dkim_ed25519_private_key_encrypted bytea,
  ADD COLUMN dkim_ed25519_public_key text,
  ADD CONSTRAINT domains_dkim_ed25519_whole CHECK (
    num_nulls(
      dkim_ed25519_selector, dkim_ed25519_private_key_encrypted, dkim_ed25519_public_key) IN (0, 3)
  ),
  ADD CONSTRAINT domains_dkim_selectors_differ CHECK (dkim_selector <> dkim_ed25519_selector);
