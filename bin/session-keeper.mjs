#!/usr/bin/env node
import 'tsx';

await import('../lab/main.ts');
