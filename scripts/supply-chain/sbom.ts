import { isObject, own, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';
import type { LockedPackage } from './licences.ts';

/**
 * The arguments of npm for a bill of materials (https://cyclonedx.org) of the whole lock file. With `--omit=dev`, npm 11.19
 * also leaves out packages that production and development share, such as `ws`.
 */
export const SBOM_ARGUMENTS = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];

/** npm marks a package that development needs too. */
const DEVELOPMENT = 'cdx:npm:package:development';

const componentsOf = (document: JsonObject): readonly JsonObject[] => {
  const components = own(document, 'components');
  return Array.isArray(components) ? components.filter(isObject) : [];
};

const withoutKey = (value: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));

const listAt = (value: JsonObject, key: string): readonly unknown[] => {
  const found = own(value, key);
  return Array.isArray(found) ? found : [];
};

/**
 * The document of npm with the production packages only, and with the package's name, which npm takes from the folder. It
 * has neither the time nor the random number of the run: the same lock file gives the same document.
 */
export const productionSbom = (document: JsonObject, name: string, packages: readonly LockedPackage[]): JsonObject => {
  const metadata = own(document, 'metadata');
  const component = isObject(metadata) ? own(metadata, 'component') : undefined;
  if (!isObject(metadata) || !isObject(component)) throw new Error('npm sbom did not return a CycloneDX document.');
  const kept = new Set(packages.map((each) => `${each.name}@${each.version}`));
  const components = componentsOf(document)
    .filter((each) => kept.has(`${stringAt(each, 'name')}@${stringAt(each, 'version')}`))
    .map((each) => ({
      ...each,
      properties: listAt(each, 'properties').filter((one) => !isObject(one) || stringAt(one, 'name') !== DEVELOPMENT),
    }));
  const references = new Set([stringAt(component, 'bom-ref'), ...components.map((each) => stringAt(each, 'bom-ref'))]);
  const dependencies = listAt(document, 'dependencies')
    .filter(isObject)
    .filter((each) => references.has(stringAt(each, 'ref')))
    .map((each) => ({
      ...each,
      dependsOn: listAt(each, 'dependsOn').filter((one) => typeof one === 'string' && references.has(one)),
    }));
  return {
    ...withoutKey(document, 'serialNumber'),
    metadata: { ...withoutKey(metadata, 'timestamp'), component: { ...component, name } },
    components,
    dependencies,
  };
};

const isFilled = (component: JsonObject, key: string): boolean => {
  const list = own(component, key);
  return Array.isArray(list) && list.length > 0;
};

/** One line for each production package that the document lacks, or lists without a hash or a licence. */
export const sbomProblems = (document: JsonObject, packages: readonly LockedPackage[]): readonly string[] => {
  const found = new Map(
    componentsOf(document).map((component) => {
      const { name, version } = { name: stringAt(component, 'name'), version: stringAt(component, 'version') };
      return [`${name}@${version}`, component];
    }),
  );
  return packages.flatMap(({ name, version }) => {
    const component = found.get(`${name}@${version}`);
    if (!component) return [`The bill of materials lacks ${name} ${version}.`];
    return ['hashes', 'licenses'].flatMap((key) =>
      isFilled(component, key) ? [] : [`The bill of materials has no ${key} of ${name} ${version}.`],
    );
  });
};
