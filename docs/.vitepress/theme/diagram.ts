import { useData } from 'vitepress';
import { defineComponent, h, onMounted, ref, useId, watch } from 'vue';
import mermaidUrl from '@mermaid-js/tiny/dist/mermaid.tiny.js?url';

let loading: Promise<unknown> | undefined;

/** The library is a classic script, which sets a global. Only a page with a diagram loads it. */
const loadMermaid = (): Promise<unknown> =>
  (loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = mermaidUrl;
    script.addEventListener('load', resolve);
    script.addEventListener('error', reject);
    document.head.append(script);
  }));

/** Draws a diagram in the colours of the page. A page without scripts shows its text. */
export const Diagram = defineComponent({
  props: { code: { type: String, required: true } },
  setup({ code }) {
    const { isDark } = useData();
    const text = decodeURIComponent(code);
    const drawing = ref('');
    const id = `diagram-${useId()}`;
    const draw = async (): Promise<void> => {
      await loadMermaid();
      mermaid.initialize({ startOnLoad: false, theme: isDark.value ? 'dark' : 'neutral' });
      drawing.value = (await mermaid.render(id, text)).svg;
    };
    onMounted(() => {
      void draw();
      watch(isDark, draw);
    });
    return () =>
      drawing.value === ''
        ? h('pre', { class: 'diagram' }, text)
        : h('div', { class: 'diagram', role: 'img', 'aria-label': 'Diagram', innerHTML: drawing.value });
  },
});
