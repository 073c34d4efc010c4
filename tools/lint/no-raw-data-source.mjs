const SOURCES = new Set(['pg', 'typeorm', '@nestjs/typeorm']);
const RAW = new Set(['DataSource', 'Pool', 'Client', 'InjectDataSource', 'InjectRepository']);

const importedName = ({ type, imported }) =>
  type === 'ImportSpecifier' ? imported.name : 'default';

/**
 * Only libs/database opens connections: a data source held elsewhere is a way around the tenant
 * transaction (architecture.md section 6).
 */
export const noRawDataSource = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { raw: '{{name}} belongs to libs/database: use a tenant or system transaction.' },
  },
  create: (context) => ({
    ImportDeclaration(node) {
      if (!SOURCES.has(node.source.value)) return;
      for (const specifier of node.specifiers) {
        const name = importedName(specifier);
        if (RAW.has(name) || name === 'default')
          context.report({ node: specifier, messageId: 'raw', data: { name } });
      }
    },
  }),
};
