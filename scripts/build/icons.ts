/** Renders every icon of the app from one drawing: `npx tsx scripts/build/icons.ts`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { chromium } from '@playwright/test';

const PUBLIC = new URL('../../public/', import.meta.url);
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** A circle that renews itself around a keyhole, drawn on 512 × 512. */
const MARK = `
  <path d="M327 132 A142 142 0 1 0 393 219" fill="none" stroke-width="34" stroke-linecap="round" class="line"/>
  <circle cx="372" cy="166" r="21" class="fill"/>
  <path d="M256 191a46 46 0 0 1 25 84.600l15 54a13 13 0 0 1-12.500 16.500h-55a13 13 0 0 1-12.500-16.500l15-54A46 46 0 0 1 256 191z" class="fill"/>`;

/** No gradient: it makes the large icons ten times as large, and the worker stores them for offline use. */
const GROUND = '#474db5';

type Look = {
  /** Radius of the corners, of 512. A maskable icon fills its square, and the system cuts its own shape. */
  cornerRadius: number;
  /** Scale of the drawing. The safe zone of a maskable icon is a circle of 80 % (W3C manifest, "Icon masks"). */
  scale: number;
  ground: 'colour' | 'none';
};

const svg = ({
  cornerRadius,
  scale,
  ground,
}: Look): string => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">
  ${ground === 'none' ? '' : `<rect width="512" height="512" rx="${cornerRadius}" fill="${GROUND}"/>`}
  <g transform="translate(256 256) scale(${scale}) translate(-256 -256)">${MARK.replaceAll('class="line"', 'stroke="#fff"').replaceAll('class="fill"', 'fill="#fff"')}
  </g>
</svg>
`;

const ANY: Look = { cornerRadius: 116, scale: 1, ground: 'colour' };
const MASKABLE: Look = { cornerRadius: 0, scale: 0.9, ground: 'colour' };
const MONOCHROME: Look = { cornerRadius: 0, scale: 1.15, ground: 'none' };

const PNGS: readonly (readonly [name: string, size: number, look: Look])[] = [
  ['icon-192.png', 192, ANY],
  ['icon-512.png', 512, ANY],
  ['maskable-512.png', 512, MASKABLE],
  ['monochrome-512.png', 512, MONOCHROME],
  ['apple-touch-icon.png', 180, { ...MASKABLE, scale: 1 }],
];

const main = async (): Promise<void> => {
  await mkdir(new URL('icons/', PUBLIC), { recursive: true });
  await writeFile(new URL('favicon.svg', PUBLIC), svg({ ...ANY, scale: 1.12 }));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-quic', '--no-first-run'],
  });
  const page = await browser.newPage();
  for (const [name, size, look] of PNGS) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${svg(look)}`);
    await writeFile(new URL(`icons/${name}`, PUBLIC), await page.screenshot({ omitBackground: true }));
  }
  await browser.close();
};

await main();
