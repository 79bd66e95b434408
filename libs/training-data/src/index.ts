export { readTrainingTable, type ReadTrainingTableOptions } from './read-training-table.ts';
export { type TrainingColumnSpec } from './column-plan.ts';
export { writeTrainingTable } from './write-training-table.ts';
