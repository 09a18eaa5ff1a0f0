"""What a network will find in some images and when, told before any training, and how well that did after it."""
