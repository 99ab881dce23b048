import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { sessionKeeper } from 'session-keeper/vite';

export default defineConfig({ plugins: [vue(), sessionKeeper()] });
