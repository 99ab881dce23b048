import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { sessionKeeper } from 'session-keeper/vite';

export default defineConfig({ plugins: [sveltekit(), sessionKeeper()] });
