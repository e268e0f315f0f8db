"""How are the questions asked so that the answers hold?"""
