// Prints the routes of the apps that are named, by default of all tiers' internal ports, as JSON.
import { tiers } from '../../stack/ports.ts';
import { readTierRoutes } from './tier-routes.ts';

const named = process.argv.slice(2);
process.stdout.write(JSON.stringify(await readTierRoutes(named.length > 0 ? named : tiers)));
