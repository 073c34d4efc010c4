import { ESLint } from 'eslint';

/**
 * Lints planted code as if it stood in the tree, with the real configuration. A process of its own,
 * because the configuration awaits Nx's project graph.
 * stdin: [{code, filePath}] → stdout: [[ruleId, …], …]
 */
const planted = JSON.parse(await new Response(process.stdin).text());
const eslint = new ESLint();
const lint = async ({ code, filePath }) => {
  const [result] = await eslint.lintText(code, { filePath });
  return result.messages.map(({ ruleId, message }) => ruleId ?? message);
};

const answers = [];
for (const plant of planted) answers.push(await lint(plant));
process.stdout.write(JSON.stringify(answers));
