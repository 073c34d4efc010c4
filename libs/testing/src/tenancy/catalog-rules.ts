import type { CatalogRule } from './catalog-rule.js';
import { keyRules } from './key-rules.js';
import { rightRules } from './right-rules.js';
import { rowSecurityRules } from './row-security-rules.js';

export const catalogRules: readonly CatalogRule[] = [
  ...rowSecurityRules,
  ...keyRules,
  ...rightRules,
];
