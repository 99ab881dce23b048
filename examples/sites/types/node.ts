import { securityHeaders } from 'session-keeper/headers';
import { defineConfig } from 'session-keeper/config';
import * as kit from 'session-keeper/server';

export const used = [securityHeaders, defineConfig, kit];
