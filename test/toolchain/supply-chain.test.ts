import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { licenceProblems, productionPackages } from '../../scripts/supply-chain/licences.ts';
import { productionSbom, sbomProblems } from '../../scripts/supply-chain/sbom.ts';
import { signatureResult } from '../../scripts/supply-chain/signatures.ts';

const LOCK = {
  packages: {
    '': { name: 'session-keeper' },
    'node_modules/ours': { version: '1.0.0', license: 'MIT' },
    'node_modules/ours/node_modules/@scope/inner': { version: '2.0.0', license: '(MIT OR GPL-3.0)' },
    'node_modules/only-dev': { version: '3.0.0', license: 'GPL-3.0', dev: true },
  },
};
const PACKAGES = productionPackages(LOCK);
const withLicence = (licence: string | undefined) =>
  licenceProblems([{ path: 'node_modules/x', name: 'x', version: '1.0.0', licence }]);

describe('the licences', () => {
  test('of all packages in production are known and allowed [licences-known]', () => {
    const lock: unknown = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
    const packages = productionPackages(lock as typeof LOCK);
    expect(packages.length).toBeGreaterThan(50);
    expect(licenceProblems(packages)).toEqual([]);
  });

  test('are those of production only, also of nested packages', () => {
    expect(PACKAGES.map(({ name, version }) => `${name}@${version}`)).toEqual(['ours@1.0.0', '@scope/inner@2.0.0']);
    expect(licenceProblems(PACKAGES)).toEqual([]);
  });

  test.each([undefined, 'UNLICENSED', 'GPL-3.0', 'MIT AND GPL-3.0', 'SEE LICENSE IN x'])('refuse %s', (licence) => {
    expect(withLicence(licence)).toHaveLength(1);
  });

  test.each(['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC', 'Apache-2.0'])('allow %s', (licence) => {
    expect(withLicence(licence)).toEqual([]);
  });
});

describe('the bill of materials', () => {
  const component = (name: string, version: string) => ({
    ...{ name, version, 'bom-ref': `${name}@${version}`, hashes: [{}], licenses: [{}] },
    properties: [{ name: 'cdx:npm:package:development', value: 'true' }],
  });
  const document = {
    serialNumber: 'urn:uuid:1',
    metadata: { timestamp: 'now', component: { name: 'folder', 'bom-ref': 'session-keeper@0.1.0' } },
    components: [component('ours', '1.0.0'), component('@scope/inner', '2.0.0'), component('only-dev', '3.0.0')],
    dependencies: [
      { ref: 'session-keeper@0.1.0', dependsOn: ['ours@1.0.0', 'only-dev@3.0.0'] },
      { ref: 'only-dev@3.0.0', dependsOn: [] },
    ],
  };

  test('lists production only, and depends on neither time nor folder', () => {
    const sbom = productionSbom(document, 'session-keeper', PACKAGES);
    expect(sbomProblems(sbom, PACKAGES)).toEqual([]);
    const text = JSON.stringify(sbom);
    for (const part of ['only-dev', 'folder', 'timestamp', 'serialNumber', 'development'])
      expect(text).not.toContain(part);
    expect(sbom).toMatchObject({ dependencies: [{ dependsOn: ['ours@1.0.0'] }] });
  });

  test('is refused when it lacks a package, a hash or a licence', () => {
    const [ours] = document.components;
    const sbom = productionSbom({ ...document, components: [{ ...ours, hashes: [], licenses: [] }] }, 'x', PACKAGES);
    expect(sbomProblems(sbom, PACKAGES)).toEqual([
      'The bill of materials has no hashes of ours 1.0.0.',
      'The bill of materials has no licenses of ours 1.0.0.',
      'The bill of materials lacks @scope/inner 2.0.0.',
    ]);
  });
});

describe('the signatures', () => {
  test.each([
    [0, 'audited 122 packages', 'verified'],
    [1, '1 package has an invalid registry signature', 'invalid'],
    [1, '2 packages have missing registry signatures', 'invalid'],
    [1, 'npm error code ENOTFOUND\nnpm error network request failed', 'unknown'],
    [1, 'npm error found no dependencies to audit that were installed from a supported registry', 'unknown'],
    [1, 'something new', 'invalid'],
  ] as const)('with exit %i and "%s" are %s', (code, output, type) => {
    expect(signatureResult(code, output).type).toBe(type);
  });
});
