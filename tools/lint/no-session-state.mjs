import { textOf } from './sql-texts.mjs';

/** What outlives a transaction is the next tenant's to see (reference/tenancy.md, probes 39-41). */
const KEPT = [
  [/\bWITH\s+HOLD\b/i, 'WITH HOLD'],
  [/\bCREATE\s+TEMP(?:ORARY)?\b|\bINTO\s+TEMP(?:ORARY)?\b|^\s*create\s+temp/, 'TEMP'],
  [/(?:^|;)\s*LISTEN\s+["\w]/, 'LISTEN'],
  [/(?:^|;)\s*listen\s+"?\w+"?\s*(?:;|$)/, 'LISTEN'],
  [/(?:^|;)\s*NOTIFY\s+["\w]|\bpg_notify\s*\(/, 'NOTIFY'],
  [/\bSET\s+SESSION\b|(?:^|;)\s*SET\s+(?!LOCAL\b)[a-z_.]+\s*(?:=|TO)\s/, 'SET without LOCAL'],
  [/\bset_config\s*\([^)]*,\s*false\s*\)/i, 'set_config(…, false)'],
];

export const noSessionState = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { kept: '{{what}} is state of a session, which the next tenant inherits.' },
  },
  create(context) {
    const check = (node) => {
      const text = textOf(node, new Map());
      const found = text && KEPT.find(([pattern]) => pattern.test(text));
      if (found) context.report({ node, messageId: 'kept', data: { what: found[1] } });
    };
    return { Literal: check, TemplateLiteral: check };
  },
};
