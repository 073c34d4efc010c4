import { describe, expect, it } from '@jest/globals';
import { uncoveredRoutes } from './foreign-ids.ts';
import { type OpenApi, operationsOf } from './operations.ts';
import type { Belongings } from './world.ts';

const tenantRoute = (operationId: string) => ({
  get: { operationId, security: [{ tenant_key: ['emails:read'] }] },
});

const document: OpenApi = {
  paths: {
    '/v1/emails/{id}': tenantRoute('getEmail'),
    '/v1/emails/{id}/attachments/{attachment_id}': tenantRoute('getAttachment'),
    '/v1/admin/tenants': {
      post: { operationId: 'createTenant', security: [{ platform_key: [] }] },
    },
  },
};
const belongings: Belongings = { emails: ['e'], attachments: ['f'] };

const uncovered = (more: OpenApi['paths']): string[] =>
  uncoveredRoutes(operationsOf({ paths: { ...document.paths, ...more } }), belongings);

describe('what the REST battery covers', () => {
  it('every route with ids of known things, also a new one, without an edit', () => {
    expect(uncovered({})).toEqual([]);
    expect(uncovered({ '/v1/emails/{id}/events': tenantRoute('listEvents') })).toEqual([]);
  });

  it('says which new route is not covered', () => {
    const [gap] = uncovered({ '/v1/campaigns/{id}': tenantRoute('getCampaign') });
    expect(gap).toContain('GET /v1/campaigns/{id}');
    expect(gap).toContain('world.ts');
  });

  it('makes a body of every shape that a route takes', () => {
    const post = {
      operationId: 'createThing',
      security: [{ tenant_key: [] }],
      requestBody: {
        content: { 'application/json': { schema: { $ref: '#/components/schemas/NewThing' } } },
      },
    };
    const NewThing = {
      required: ['name', 'mode'],
      properties: {
        name: { type: 'string', example: 'a' },
        mode: { enum: ['live', 'test'] },
        note: { type: 'string' },
      },
    };
    const components = { schemas: { NewThing } };
    const [operation] = operationsOf({ paths: { '/v1/things': { post } }, components });
    expect(operation?.body).toEqual({ name: 'a', mode: 'live' });
  });
});
