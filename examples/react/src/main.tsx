import '@picocss/pico/css/pico.classless.min.css';
import './style.css';
import './layout.css';
import './results.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { findAddresses } from './addresses.ts';
import { createApis } from './apis.ts';

const apis = createApis(await findAddresses(location.origin));
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App apis={apis} />
    </StrictMode>,
  );
}
