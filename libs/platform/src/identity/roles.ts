/** Grants by role: names of permissions, `domain.*`, or `*` for all. A role that is not here grants nothing. */
export type RoleTable = Readonly<Record<string, readonly string[]>>;

/** Permission of the event stream, which is HTTP and therefore in no contract. */
const EVENTS = 'events.read';

const VIEWER = [
  'registry.models.read',
  'serving.models.read',
  'tracking.read',
  'features.read',
  'batch.read',
  'routing.read',
  'monitoring.read',
  'operations.read',
  EVENTS,
];

/**
 * Who may do what. Duties are kept apart: who writes versions and moves aliases neither approves them nor changes the policy that asks for
 * the approval; who reads the audit log changes nothing.
 */
export const ROLES: RoleTable = Object.freeze({
  viewer: VIEWER,
  editor: [
    ...VIEWER,
    'registry.models.write',
    'registry.models.delete',
    'registry.versions.write',
    'registry.versions.delete',
    'registry.versions.download',
    'registry.evaluations.write',
    'registry.aliases.move',
    'registry.webhooks.*',
    'serving.models.infer',
    'serving.models.predict',
    'serving.streams.*',
    'tracking.*',
    'features.*',
    'batch.*',
    'routing.*',
    'monitoring.*',
    'operations.cancel',
  ],
  approver: [...VIEWER, 'registry.versions.approve', 'registry.policies.write'],
  auditor: ['audit.*', EVENTS],
  predictor: [
    'serving.models.*',
    'serving.streams.publish',
    'routing.read',
    'routing.assign',
    'monitoring.outcomes.write',
  ],
  /** What a program that trains needs: to log to runs. */
  trainer: ['tracking.read', 'tracking.write', 'tracking.artifacts.*', 'features.read', 'features.rows.read'],
  /** What services of the platform need of one another. */
  service: [
    'registry.models.read',
    'registry.versions.download',
    'registry.aliases.move',
    'features.read',
    'features.online.read',
    'features.scoring-sets.write',
    'features.predictions.write',
    'tracking.read',
    'tracking.artifacts.read',
    'routing.read',
    'monitoring.read',
    'operations.read',
  ],
  /** What a service needs beside that which runs the steps of pipelines. It approves nothing: a person does. */
  pipelines: [
    'registry.versions.write',
    'registry.evaluations.write',
    'registry.aliases.move',
    'tracking.read',
    'tracking.write',
    'tracking.artifacts.*',
    'features.training-sets.write',
    'features.rows.read',
    'batch.read',
    'batch.jobs.write',
    'routing.experiments.write',
  ],
  admin: ['*'],
});
