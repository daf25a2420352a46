import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App } from './app/App';
import { useUi } from './ui/store';
import './styles/fonts.css';
import './styles/theme.css';
import './styles/app.css';
import './styles/output.css';

/** Whether the server now serves another build than the one that runs here. */
async function isStale(): Promise<boolean> {
  const entry = document.querySelector<HTMLScriptElement>('script[type=module][src]');
  const response = await fetch('/', { cache: 'no-store' });
  const name = entry?.getAttribute('src') ?? '';
  return response.ok && name !== '' && !(await response.text()).includes(name);
}

// After a deployment an old page asks for chunks that are gone.
window.addEventListener('vite:preloadError', () => {
  isStale()
    .then((newVersion) => useUi.setState({ newVersion }))
    .catch(() => {
      // No server: that is told elsewhere.
    });
});

const root = document.getElementById('root');
if (root !== null) {
  const client = new QueryClient();
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
