import type { LabReport } from '../../lab/results/result.ts';
import { runLab, type LabRunOptions } from '../../lab/run/lab-run.ts';
import { chooseScenarios } from '../../lab/scenarios/all-scenarios.ts';
import type { LabScenario } from '../../lab/scenarios/scenario.ts';
import type { SignInModule } from '../../lab/site/sign-in-module.ts';
import { launchOptions } from './browser/browser.ts';

type Ordered = { url: string; site: SignInModule; scenarios: readonly (string | LabScenario)[] };

const HOSTS = new Set(['localhost', '127.0.0.1']);

/** Runs the lab's scenarios as the command does. The browser reaches this machine only. */
export const labReport = ({ url, site, scenarios }: Ordered, more: Partial<LabRunOptions> = {}): Promise<LabReport> =>
  runLab({
    url,
    site,
    scenarios: scenarios.flatMap((each) => (typeof each === 'string' ? chooseScenarios([each]) : [each])),
    executablePath: launchOptions().executablePath,
    realTime: false,
    trust: 'checked',
    headed: false,
    seed: 1,
    engine: 'chromium',
    allows: (host) => HOSTS.has(host) || host.endsWith('.invalid'),
    onProgress: () => undefined,
    ...more,
  });
