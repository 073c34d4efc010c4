const isPublicMethod = (member) =>
  member.type === 'MethodDefinition' &&
  member.kind === 'method' &&
  member.key.type !== 'PrivateIdentifier' &&
  (member.accessibility ?? 'public') === 'public';

const typeName = (parameter) => parameter?.typeAnnotation?.typeAnnotation?.typeName?.name;

/**
 * Every public method of a repository starts with its transaction: the signature carries the tenant
 * (style point 3). `*.system.repository.ts` takes a SystemTransaction, any other a TenantTransaction, or
 * TenantRows, whose statement sets the tenant of each row (ADR 25).
 */
export const repositoryTakesTransaction = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { first: 'The first parameter of {{method}} must be a {{expected}}.' },
  },
  create(context) {
    const system = context.filename.endsWith('.system.repository.ts');
    const allowed = system ? ['SystemTransaction'] : ['TenantTransaction', 'TenantRows'];
    return {
      ClassBody(node) {
        for (const member of node.body.filter(isPublicMethod)) {
          if (allowed.includes(typeName(member.value.params[0]))) continue;
          const data = { method: member.key.name, expected: allowed.join(' or ') };
          context.report({ node: member.key, messageId: 'first', data });
        }
      },
    };
  },
};
