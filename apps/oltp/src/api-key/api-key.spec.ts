import { createHash } from 'node:crypto';
import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { describe, expect, it } from '@jest/globals';
import { keyKind, mintPlatformKey, mintTenantKey } from './api-key.js';

describe('API keys', () => {
  it.each(['live', 'test'] as const)('a %s key says its tenant and is cut by length', (mode) => {
    for (let i = 0; i < 200; i += 1) {
      const tenantId = newId();
      const { key, prefix, sha256 } = mintTenantKey(tenantId, mode);
      expect(key).toHaveLength(8 + 22 + 1 + 43);
      expect(key.slice(0, 8)).toBe(`pm_${mode}_`);
      expect(prefix).toBe(`pm_${mode}_`);
      expect(key[30]).toBe('_');
      const tenant = Buffer.from(key.slice(8, 30), 'base64url').toString('hex');
      expect(tenant).toBe(tenantId.replaceAll('-', ''));
      expect(Buffer.from(key.slice(31), 'base64url')).toHaveLength(32);
      expect(sha256.toString('hex')).toBe(createHash('sha256').update(key).digest('hex'));
    }
  });

  it('a platform key names no tenant', () => {
    const { key, prefix } = mintPlatformKey();
    expect(prefix).toBe('pm_platform_');
    expect(key).toMatch(/^pm_platform_[A-Za-z0-9_-]{43}$/);
  });

  it('no two keys are alike', () => {
    const tenantId = newId();
    const keys = Array.from({ length: 500 }, () => mintTenantKey(tenantId, 'live').key);
    expect(new Set(keys).size).toBe(500);
  });

  it('the platform tenant has platform keys', () => {
    expect(keyKind(PLATFORM_TENANT_ID)).toBe('platform');
    expect(keyKind(newId())).toBe('tenant');
  });
});
