export { createScoringWorker, type ScoringStep, type ScoringWorkerOptions } from './scoring-worker.ts';
export {
  ERROR_COLUMNS,
  VERSION_COLUMN,
  type ScoringResult,
  type ScoringTask,
  type WrittenFile,
} from './scoring-task.ts';
export { ENVELOPE_FILE, packageFileName } from './package-folder.ts';
