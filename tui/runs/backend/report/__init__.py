"""One self-contained HTML report on recorded runs; its figures also as SVG and PDF."""
