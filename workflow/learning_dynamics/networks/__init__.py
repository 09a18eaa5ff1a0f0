"""Networks, one module each: their initial weights and their exact training; ``train`` runs a trial."""
