import type { Clock, IdSource, Logger } from '@slipway/kernel';
import type { JoinedDays } from './join/joined-days.ts';
import type { ProfileLibrary } from './reference/profile-library.ts';
import type { MonitoringUnitOfWork } from './unit-of-work.ts';

/** What the use cases work with. */
export interface MonitoringDependencies {
  readonly unitOfWork: MonitoringUnitOfWork;
  readonly profiles: ProfileLibrary;
  readonly joinedDays: JoinedDays;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}
