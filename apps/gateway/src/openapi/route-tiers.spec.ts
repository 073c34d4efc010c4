import { describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { assertRoutesDeclareTiers } from './route-tiers.js';

const documentOf = (paths: object): OpenAPIObject => ({ paths }) as OpenAPIObject;
const declared = (required: string[], optional: string[] = []) => ({
  'x-tiers': { required, optional },
});

describe('the tiers of a route', () => {
  it('may be none, some, or the one that its path names', () => {
    const document = documentOf({
      '/v1/openapi.json': { get: declared([]) },
      '/v1/emails/{id}': { get: declared(['oltp'], ['content', 'queue']) },
      '/v1/parked/{tier}': { get: declared(['{tier}']) },
    });
    expect(() => assertRoutesDeclareTiers(document)).not.toThrow();
  });

  it('must be said: the boot names each route that does not, or names no tier', () => {
    const document = documentOf({
      '/v1/a': { get: declared(['oltp']), delete: {} },
      '/v1/b': { put: declared(['smtp']) },
      '/v1/c': { post: declared([], ['{tier}']) },
    });
    expect(() => assertRoutesDeclareTiers(document)).toThrow(
      /: DELETE \/v1\/a, PUT \/v1\/b, POST \/v1\/c$/,
    );
  });
});
