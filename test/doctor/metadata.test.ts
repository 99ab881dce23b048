import { expect, test } from 'vitest';
import { isExpectedIssuer, metadataUrl } from '../../cli/doctor/site/metadata.ts';
import { providers } from '../../src/protocol/config-file/index.ts';

const CLIENT = { clientId: 'c' };

test.each([
  [
    'Auth0, whose issuer ends with a slash',
    providers.auth0({ ...CLIENT, domain: 'shop.auth0.com' }),
    'https://shop.auth0.com/.well-known/openid-configuration',
    'https://shop.auth0.com/',
  ],
  [
    'Azure AD B2C, whose metadata name another issuer',
    providers.entraB2c({ ...CLIENT, tenant: 'shop', policy: 'B2C_1_in' }),
    'https://shop.b2clogin.com/shop.onmicrosoft.com/B2C_1_in/v2.0/.well-known/openid-configuration',
    'https://shop.b2clogin.com/1111/v2.0/',
  ],
  [
    'Microsoft Entra ID, which leaves the tenant open',
    providers.entra({ ...CLIENT, tenant: 'organizations' }),
    'https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration',
    'https://login.microsoftonline.com/{tenantid}/v2.0',
  ],
])('finds the metadata of %s, as the worker does', (_name, config, url, stated) => {
  expect(metadataUrl(config)).toBe(url);
  expect(isExpectedIssuer(stated, config)).toBe(true);
});

test('reports another issuer where the site names no metadata', () => {
  const config = providers.generic({ ...CLIENT, issuer: 'https://id.example' });
  expect(isExpectedIssuer('https://id.example/', config)).toBe(true);
  expect(isExpectedIssuer('https://evil.example', config)).toBe(false);
});
