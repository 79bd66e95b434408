import { featureServiceNotFound, invalid } from './errors.ts';
import { didYouMean } from './near-names.ts';
import type { Feature, FeatureView } from './repository/feature-repository.ts';
import { featureProblem } from './repository/link-repository.ts';
import type { IndexedRepository } from './repository-cache.ts';

export interface FeatureRequest {
  /** `view:feature`; empty when `featureService` is named. */
  readonly features: readonly string[];
  readonly featureService: string;
}

export interface SelectedFeature {
  /** `view:feature`, as it was asked for. */
  readonly name: string;
  readonly view: FeatureView;
  readonly feature: Feature;
}

/**
 * The features that a request names, in its order or in that of the service.
 * @throws {InvalidArgumentError} reason FEATURES_INVALID, naming near ones. @throws {NotFoundError} reason FEATURE_SERVICE_NOT_FOUND.
 */
export function selectFeatures(
  request: FeatureRequest,
  { views, services }: IndexedRepository,
): readonly SelectedFeature[] {
  const names = namesOf(request, services);
  const violations = names.flatMap((name, index) => {
    const problem = names.indexOf(name) < index ? `'${name}' is named twice` : featureProblem(name, views);
    return problem === undefined ? [] : [{ field: `features[${index}]`, description: problem }];
  });
  if (violations.length > 0) throw invalid('FEATURES_INVALID', violations.slice(0, 100));
  return names.flatMap((name) => {
    const [viewName = '', featureName] = name.split(':');
    const view = views.get(viewName);
    const feature = view?.features.find((each) => each.name === featureName);
    return view && feature ? [{ name, view, feature }] : [];
  });
}

function namesOf(
  { features, featureService }: FeatureRequest,
  services: IndexedRepository['services'],
): readonly string[] {
  const refuse = (field: string, description: string) => invalid('FEATURES_INVALID', [{ field, description }]);
  if (featureService === '') {
    if (features.length === 0) throw refuse('features', 'name features as view:feature, or a feature_service');
    return features;
  }
  if (features.length > 0) throw refuse('feature_service', 'cannot go together with features; leave one of them out');
  const service = services.get(featureService);
  if (!service) throw featureServiceNotFound(featureService, didYouMean(featureService, [...services.keys()]));
  return service.features;
}
