import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { sessionKeeper } from 'session-keeper/vite';

export default defineConfig({ plugins: [react(), sessionKeeper()] });
