export { featureTensor } from '@slipway/scoring';
