"""Why do two encoders disagree?"""
