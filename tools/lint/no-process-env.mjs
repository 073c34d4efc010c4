const isProcess = (node) => node.type === 'Identifier' && node.name === 'process';

/** The environment is read once, in `*.config.ts`, and handed on as a frozen typed object. */
export const noProcessEnv = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { env: 'Only *.config.ts reads process.env.' },
  },
  create: (context) => ({
    MemberExpression(node) {
      const named = node.property.name ?? node.property.value;
      if (isProcess(node.object) && named === 'env') context.report({ node, messageId: 'env' });
    },
    ImportSpecifier(node) {
      const from = node.parent.source.value;
      if (/^(node:)?process$/.test(from) && node.imported.name === 'env')
        context.report({ node, messageId: 'env' });
    },
  }),
};
