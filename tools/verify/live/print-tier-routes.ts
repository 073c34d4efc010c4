// Prints the routes of all tiers' internal ports as JSON.
import { tiers } from '../../stack/ports.ts';
import { readTierRoutes } from './tier-routes.ts';

process.stdout.write(JSON.stringify(await readTierRoutes(tiers)));
