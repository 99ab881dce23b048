import { defineConfig } from 'astro/config';
import { sessionKeeper } from 'session-keeper/vite';

export default defineConfig({ vite: { plugins: [sessionKeeper()] } });
