// npm run stack -- status | stop [part] | logs <part> [-f] | kill|pause|resume|start <part>
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { locateDataDirectory } from './data-directory.ts';
import { databaseAccount } from './postgres/account.ts';
import { sendControl } from './supervisor/control-socket.ts';
import { hasEnded } from './supervisor/process-records.ts';
import { supervisorOf } from './supervisor/single-run.ts';

const USAGE = `npm run stack -- <command> [--data-dir DIR]
  status           what runs
  stop             stop the whole stack
  stop <part>      stop one part; it stays down until start
  start <part>     start a part that is down
  kill <part>      SIGKILL; restarted like after any crash (not with --no-restart)
  pause <part>     SIGSTOP        resume <part>  SIGCONT
  logs <part>      its last 200 lines; -f goes on
parts: gateway oltp content olap queue notifications worker (<app>-2 … with --replicas),
       <tier>-db, kafka, smtp
`;
const COMMANDS = ['status', 'stop', 'start', 'kill', 'pause', 'resume'];
const NOT_RUNNING = 3;
const STOP_WITHIN_MS = 90_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'data-dir': { type: 'string' }, follow: { type: 'boolean', short: 'f' } },
});

async function main([command = '', part = '']: string[]): Promise<number> {
  const { path } = locateDataDirectory(values['data-dir'], databaseAccount());
  if (command === 'logs' && part !== '') return showLog(`${path}/logs/${part}.log`);
  if (!COMMANDS.includes(command) || (part === '' && !['status', 'stop'].includes(command))) {
    process.stderr.write(USAGE);
    return 2;
  }
  return tell(path, command, part);
}

async function tell(dataDirectory: string, command: string, part: string): Promise<number> {
  const holder = supervisorOf(dataDirectory);
  const answer = await sendControl(dataDirectory, command, part);
  if (!answer || !holder) {
    process.stderr.write(`no stack runs from ${dataDirectory}; start one with npm start\n`);
    return NOT_RUNNING;
  }
  (answer.ok ? process.stdout : process.stderr).write(`${answer.text}\n`);
  if (command === 'stop' && part === '') return (await hasEnded(holder, STOP_WITHIN_MS)) ? 0 : 1;
  return answer.ok ? 0 : 1;
}

async function showLog(file: string): Promise<number> {
  if (!existsSync(file)) {
    process.stderr.write(`there is no ${file}\n`);
    return 1;
  }
  const follow = values.follow ? ['-F'] : [];
  const tail = spawn('tail', ['-n', '200', ...follow, file], { stdio: 'inherit' });
  await once(tail, 'exit');
  return 0;
}

process.exitCode = await main(positionals);
