import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ServiceRoute } from '@penguinmails/http';
import { maintenanceRequest, type MaintenanceRequest } from './maintenance.requests.js';
import { type MaintenanceAnswer, RunMaintenance } from './run-maintenance.js';

/** What the job type `maintenance` has this tier do. */
@Controller('internal')
export class MaintenanceController {
  constructor(private readonly runMaintenance: RunMaintenance) {}

  @Post('maintenance::run')
  @HttpCode(200)
  @ServiceRoute('worker')
  run(@Body(maintenanceRequest) request: MaintenanceRequest): Promise<MaintenanceAnswer> {
    return this.runMaintenance.execute(request);
  }
}
