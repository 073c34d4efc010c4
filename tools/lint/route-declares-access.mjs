const HTTP_METHODS = new Set(['Get', 'Post', 'Put', 'Patch', 'Delete', 'Head', 'Options', 'All']);
const ACCESS = new Set([
  'PublicRoute',
  'TenantRoute',
  'PlatformRoute',
  'TenantOrPlatformRoute',
  'ServiceRoute',
]);

const decoratorName = ({ expression }) =>
  expression.type === 'CallExpression' ? expression.callee.name : expression.name;

const count = (decorators, names) =>
  (decorators ?? []).filter((decorator) => names.has(decoratorName(decorator))).length;

/** A controller method that answers HTTP carries exactly one access decorator (security.md row 8). */
export const routeDeclaresAccess = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      missing:
        'A route declares its access: @PublicRoute, @TenantRoute, @PlatformRoute or @ServiceRoute.',
      several: 'A route declares one access only.',
    },
  },
  create: (context) => ({
    MethodDefinition(node) {
      if (count(node.decorators, HTTP_METHODS) === 0) return;
      const declared = count(node.decorators, ACCESS);
      if (declared === 0) context.report({ node: node.key, messageId: 'missing' });
      if (declared > 1) context.report({ node: node.key, messageId: 'several' });
    },
  }),
};
