#!/usr/bin/env node
import 'tsx';

await import('../cli/main.ts');
